/** Endpoints as tests set them up: quick to try again, and never waiting for long. */
import type { PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import { type EndpointWorld, endpointWorld } from '../../../functions/io/endpoints/open-endpoint.ts';
import type { EndpointSettings } from '../../../functions/io/endpoints/settings.ts';

/** Milliseconds where an endpoint has seconds: tests wait for none. */
export const quickWorld: EndpointWorld = {
  ...endpointWorld,
  random: () => 0.5,
  delays: { baseMs: 2, mostMs: 8, mostAskedMs: 40 },
  lastRowsMs: 60,
};

export const settingsOf = (url: string, given: Partial<EndpointSettings> = {}): EndpointSettings => ({
  name: 'scripted',
  url,
  kind: 'vllm',
  keyPlace: 'DAYBREAK_ENDPOINT_SCRIPTED_KEY',
  concurrency: 8,
  timeoutSeconds: 20,
  attempts: 4,
  giveUpSeconds: 1,
  sendsSeed: true,
  maxTokensField: 'max_tokens',
  allowsPrivate: false,
  ...given,
});

export const stepOf = (given: Partial<PlannedInferStep> = {}): PlannedInferStep => {
  const input = given.input ?? [{ name: 'id', type: 'BIGINT' }];
  const output = { name: 'answer', type: 'VARCHAR' };
  return {
    kind: 'infer',
    step: 2,
    columns: [...input, output],
    input,
    uses: [],
    task: 'chat',
    engine: { kind: 'endpoint', name: 'scripted' },
    model: { name: 'tiny' },
    prompts: { prompt: '{{ text }}' },
    sampling: { temperature: 0, max_tokens: 16 },
    answer: { kind: 'text' },
    seed: 1,
    output,
    ...given,
  };
};
