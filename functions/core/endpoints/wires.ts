import type { EndpointKind } from '../../contract/endpoint-settings.ts';
import type { Sampling } from '../../contract/infer-step.ts';

/** The shape of an answer, by the field of the step that asks for it. */
export type ShapeField = 'schema' | 'choice' | 'regex';

/** What of the OpenAI API, and beyond it, a kind of endpoint has. */
export type Wire = {
  readonly sampling: readonly (keyof Sampling)[];
  /** Where a value that the spec may have is too much for all endpoints of the kind. */
  readonly mostTemperature?: number;
  readonly mostStops?: number;
  readonly shapes: { readonly chat: readonly ShapeField[]; readonly generate: readonly ShapeField[] };
  /** The route that scores a query and a document. */
  readonly score?: 'score' | 'rerank';
  /** Whether an adapter is served under its name as a model is. */
  readonly hasAdapters: boolean;
  readonly truncates: boolean;
  /** Requests open at once, where the settings do not say. */
  readonly concurrency: number;
};

const OPENAI_SAMPLING = [
  'temperature',
  'top_p',
  'max_tokens',
  'presence_penalty',
  'frequency_penalty',
  'stop',
] as const;

/**
 * `repetition_penalty` is vLLM's alone: llama.cpp's `repeat_penalty` looks at the last tokens only, which is another
 * thing. Ollama and most vendors ignore a field that they do not know, so nothing of it is sent to them.
 * @see https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
 * @see https://docs.ollama.com/api/openai-compatibility
 * @see https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
 */
export const WIRES: Readonly<Record<EndpointKind, Wire>> = {
  openai: {
    sampling: OPENAI_SAMPLING,
    mostTemperature: 2,
    mostStops: 4,
    shapes: { chat: ['schema', 'choice'], generate: [] },
    hasAdapters: false,
    truncates: false,
    // Far below the limits of every tier that is paid for; AIMD finds what a lower one allows.
    concurrency: 16,
  },
  vllm: {
    sampling: [...OPENAI_SAMPLING, 'top_k', 'min_p', 'min_tokens', 'repetition_penalty', 'ignore_eos'],
    shapes: { chat: ['schema', 'choice', 'regex'], generate: ['schema', 'choice', 'regex'] },
    score: 'score',
    hasAdapters: true,
    truncates: true,
    // Half of its default max_num_seqs of 128 and more: it queues the rest, and a batch is full well before that.
    concurrency: 64,
  },
  ollama: {
    sampling: OPENAI_SAMPLING,
    shapes: { chat: ['schema', 'choice'], generate: [] },
    hasAdapters: false,
    truncates: false,
    // OLLAMA_NUM_PARALLEL is 1 to 4 by default; what is beyond waits there.
    concurrency: 4,
  },
  llamacpp: {
    sampling: [...OPENAI_SAMPLING, 'top_k', 'min_p', 'ignore_eos'],
    shapes: { chat: ['schema', 'choice'], generate: [] },
    score: 'rerank',
    hasAdapters: false,
    truncates: false,
    // As many slots as its server has by default.
    concurrency: 4,
  },
};
