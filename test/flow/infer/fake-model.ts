/**
 * A model that costs nothing and is a function of the prompt alone, so that plain DuckDB can say what it answers. It
 * stands behind the port of endpoints: everything else of a stage `infer` is the real thing.
 */
import type {
  InferEstimate,
  InferRequest,
  PlannedInferStep,
} from '../../../functions/contract/planned-infer.ts';
import type { Answer, Endpoint, Endpoints, RowAnswer } from '../../../functions/io/endpoints/endpoint.ts';
import type { EngineFacts } from '../../../functions/io/models/engine-facts.ts';
import type { InferEngines } from '../../../functions/stages/infer/infer-engines.ts';

export const FAKE_NAME = 'fake';
export const FAKE_DIMENSIONS = 4;

/** The word in a prompt that makes the row a reject. */
export const REFUSED_WORD = 'REFUSE';

const textOf = (request: InferRequest): string => {
  if ('messages' in request) return request.messages.at(-1)?.content ?? '';
  return 'prompt' in request ? request.prompt : request.document;
};

/** In SQL: `upper(p)`, `{n: length(p), word: upper(p)}`, the choice at `length(p) % choices`, and so on. */
const answerOf = ({ answer }: PlannedInferStep, request: InferRequest): Answer => {
  const text = textOf(request);
  switch (answer.kind) {
    case 'json':
      return JSON.stringify({ n: text.length, word: text.toUpperCase(), tags: [text, null] });
    case 'choice':
      return answer.choice[text.length % answer.choice.length] ?? '';
    case 'embedding':
      return Array.from({ length: answer.dimensions }, (_, index) => text.length + index / 2);
    case 'score':
      return 'query' in request ? request.query.length / request.document.length : 0;
    default:
      return text.toUpperCase();
  }
};

const ask = (step: PlannedInferStep, request: InferRequest): RowAnswer => {
  const text = textOf(request);
  if (text.includes(REFUSED_WORD))
    return { reject: { cause: 'invalid_request', error: '400', message: `refuses: ${text}` } };
  const answer = answerOf(step, request);
  const outputTokens = typeof answer === 'string' ? answer.length : undefined;
  return {
    answer,
    finishReason: typeof answer === 'string' ? 'stop' : undefined,
    usage: { promptTokens: text.length, outputTokens, cachedTokens: undefined },
  };
};

export type FakeModel = {
  /** Called for each row that is asked for. */
  readonly onAsk?: (request: InferRequest, seed: number | undefined) => void;
};

export const fakeEndpoint = ({ onAsk = () => {} }: FakeModel = {}): Endpoint => ({
  name: FAKE_NAME,
  concurrency: 8,
  price: { inUsd: 1_000, outUsd: 2_000 },
  prepare: async (step) => async (row, signal) => {
    signal.throwIfAborted();
    const request = row.request();
    onAsk(request, row.seed);
    return ask(step, request);
  },
  figures: () => ({ open: 0, waiting: 0, limit: 8, pausedMs: 0 }),
  isLost: () => false,
  close: () => {},
});

export const fakeEndpoints = (model: FakeModel = {}): Endpoints => {
  const endpoint = fakeEndpoint(model);
  return { open: async () => endpoint, close: () => {} };
};

const FACTS: EngineFacts = {
  engine: { kind: 'endpoint', name: FAKE_NAME },
  model: { name: 'fake' },
  dimensions: FAKE_DIMENSIONS,
  contextTokens: 4096,
  because: 'a test',
  notes: [],
  machine: 'here',
};

const ESTIMATE: InferEstimate = {
  promptTokensPerCharacter: 0.5,
  outputTokensPerRow: 10,
  tokensPerSecond: 20,
  basis: 'assumed',
  because: 'a test',
};

/** What is known of the fake model: `engine` says who runs it, `tokensPerSecond: undefined` asks for a pilot. */
export const fakeEngines = (
  changes: { readonly facts?: Partial<EngineFacts>; readonly estimate?: Partial<InferEstimate> } = {},
): InferEngines => ({
  find: async () => ({ ...FACTS, ...changes.facts }),
  estimate: async () => ({ ...ESTIMATE, ...changes.estimate }),
});

/** Of a model that nobody has run here: a pilot measures its speed. */
export const unknownSpeed = (): InferEngines => {
  const { tokensPerSecond: _, ...unknown } = ESTIMATE;
  return { find: async () => FACTS, estimate: async () => unknown };
};
