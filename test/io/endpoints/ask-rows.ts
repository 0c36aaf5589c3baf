import type { PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import type { AskedRow, Endpoint, RowAnswer } from '../../../functions/io/endpoints/endpoint.ts';
import { openEndpoint } from '../../../functions/io/endpoints/open-endpoint.ts';
import type { EndpointSettings } from '../../../functions/io/endpoints/settings.ts';
import { mapBounded } from '../../../functions/io/map-bounded.ts';
import { quickWorld, settingsOf, stepOf } from './endpoint-world.ts';
import { type Script, type ScriptedEndpoint, startScriptedEndpoint } from './scripted-endpoint.ts';

export type Scripted = { readonly server: ScriptedEndpoint; readonly endpoint: Endpoint };

/** Lends an endpoint that a script answers. */
export const withScript = async (
  script: Script,
  use: (scripted: Scripted) => Promise<void>,
  given: Partial<EndpointSettings> = {},
): Promise<void> => {
  const server = await startScriptedEndpoint(script);
  const endpoint = openEndpoint(settingsOf(server.url, given), quickWorld);
  try {
    await use({ server, endpoint });
  } finally {
    endpoint.close();
    await server.stop();
  }
};

/** A chat that says `content`. */
export const chatRow = (content: string, seed?: number): AskedRow => ({
  request: () => ({ messages: [{ role: 'user', content }] }),
  characters: content.length,
  seed,
});

const never = new AbortController().signal;

/** Asks for one row. */
export const askOne = async (
  endpoint: Endpoint,
  {
    row = chatRow('hello'),
    step = stepOf(),
    signal = never,
  }: { readonly row?: AskedRow; readonly step?: PlannedInferStep; readonly signal?: AbortSignal } = {},
): Promise<RowAnswer> => (await endpoint.prepare(step, signal))(row, signal);

/** More than an endpoint has open, as two tasks have. */
const AT_ONCE = 20;

/** Asks for the rows `row 0`, `row 1`, …, so many at once. */
export const askMany = async (
  endpoint: Endpoint,
  rows: number,
  step: PlannedInferStep = stepOf(),
): Promise<readonly RowAnswer[]> => {
  const ask = await endpoint.prepare(step, never);
  return mapBounded(
    Array.from({ length: rows }, (_, index) => chatRow(`row ${index}`, index)),
    AT_ONCE,
    (row) => ask(row, never),
  );
};
