import type { EndpointFields, EndpointKind } from '../../contract/endpoint-settings.ts';
import type { Sampling } from '../../contract/infer-step.ts';
import type { InferAnswer, InferRequest, PlannedInferStep } from '../../contract/planned-infer.ts';
import { isStrictSchema } from './strict-schema.ts';
import { WIRES } from './wires.ts';

/** One request as it goes over the wire: where to, below the base of the API, and its JSON. */
export type EndpointCall = {
  readonly route: 'chat/completions' | 'completions' | 'embeddings' | 'score' | 'rerank';
  readonly body: Readonly<Record<string, unknown>>;
};

/** What an endpoint's settings say about its requests. */
export type CallSettings = {
  readonly kind: EndpointKind;
  readonly sendsSeed: boolean;
  readonly maxTokensField: NonNullable<EndpointFields['max_tokens_field']>;
};

/** Where an answer that is one of a list comes inside an object, this is its field. */
export const CHOICE_FIELD = 'answer';

/** Whether the answer of a step is one text of a list, which this kind can only give inside of an object. */
export const wrapsChoice = (answer: InferAnswer, kind: EndpointKind): boolean =>
  answer.kind === 'choice' && kind !== 'vllm';

/**
 * Prepares the requests of a step: what is the same for all rows is made once. The step was judged before
 * (judge-endpoint-step), so the endpoint has all that it asks for. Throws on a request that is none of the task.
 */
export const prepareCalls = (
  step: PlannedInferStep,
  settings: CallSettings,
): ((request: InferRequest, seed: number | undefined) => EndpointCall) => {
  // vLLM serves an adapter as a model of its own.
  const model = step.adapter?.name ?? step.model.name;
  const truncation = truncationOf(step);
  const seeded = (seed: number | undefined) => (settings.sendsSeed && seed !== undefined ? { seed } : {});
  switch (step.task) {
    case 'chat': {
      const fixed = {
        model,
        ...chatSampling(step.sampling ?? {}, settings),
        ...chatShape(step.answer, settings),
      };
      return (request, seed) => {
        if (!('messages' in request)) throw new Error('a chat has messages');
        const { messages } = request;
        return { route: 'chat/completions', body: { ...fixed, messages, ...seeded(seed), ...truncation } };
      };
    }
    case 'generate': {
      const fixed = { model, ...step.sampling, ...structuredOutputs(step.answer) };
      return (request, seed) => ({
        route: 'completions',
        body: { ...fixed, prompt: promptOf(request), ...seeded(seed), ...truncation },
      });
    }
    case 'embed':
      return (request) => ({
        route: 'embeddings',
        // Asked for by name: the client would take base64 else, which not every server knows.
        body: { model, input: promptOf(request), encoding_format: 'float', ...truncation },
      });
    case 'score':
      return (request) => {
        if (!('query' in request)) throw new Error('a score has a query and a document');
        const { query, document } = request;
        return WIRES[settings.kind].score === 'rerank'
          ? { route: 'rerank', body: { model, query, documents: [document], ...truncation } }
          : { route: 'score', body: { model, text_1: query, text_2: document, ...truncation } };
      };
  }
};

const promptOf = (request: InferRequest): string => {
  if (!('prompt' in request)) throw new Error('this task has a prompt');
  return request.prompt;
};

const chatSampling = (
  { max_tokens, ...sampling }: Sampling,
  { maxTokensField }: CallSettings,
): Readonly<Record<string, unknown>> =>
  max_tokens === undefined ? sampling : { ...sampling, [maxTokensField]: max_tokens };

const chatShape = (answer: InferAnswer, { kind }: CallSettings): Readonly<Record<string, unknown>> => {
  if (answer.kind === 'json') return jsonFormat(answer.schema, kind);
  if (kind === 'vllm') return structuredOutputs(answer);
  if (answer.kind !== 'choice') return {};
  const properties = { [CHOICE_FIELD]: { type: 'string', enum: answer.choice } };
  const schema = { type: 'object', properties, required: [CHOICE_FIELD], additionalProperties: false };
  return jsonFormat(schema, kind);
};

const jsonFormat = (
  schema: Readonly<Record<string, unknown>>,
  kind: EndpointKind,
): Readonly<Record<string, unknown>> => ({
  response_format: {
    type: 'json_schema',
    json_schema: {
      name: 'answer',
      schema,
      // The others hold to a schema whatever this says, and some refuse the field.
      ...(kind === 'openai' ? { strict: isStrictSchema(schema) } : {}),
    },
  },
});

/** vLLM's own field, on both of its routes. */
const structuredOutputs = (answer: InferAnswer): Readonly<Record<string, unknown>> => {
  if (answer.kind === 'json') return { structured_outputs: { json: answer.schema } };
  if (answer.kind === 'choice') return { structured_outputs: { choice: answer.choice } };
  return answer.kind === 'regex' ? { structured_outputs: { regex: answer.regex } } : {};
};

/** vLLM's own: -1 is all of the context, which leaves an answer no room but a token. */
const truncationOf = ({ truncate, model, sampling }: PlannedInferStep): Readonly<Record<string, unknown>> => {
  if (truncate === undefined) return {};
  const { contextTokens } = model;
  const answerTokens = sampling?.max_tokens ?? 0;
  const kept =
    contextTokens === undefined || answerTokens === 0 ? -1 : Math.max(1, contextTokens - answerTokens);
  return { truncate_prompt_tokens: kept, truncation_side: truncate };
};
