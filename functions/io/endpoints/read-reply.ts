import type { EndpointCall } from '../../core/endpoints/render-call.ts';

/** A reply with a status of success that is none. The message goes on from "the endpoint x …". */
export class BrokenReply extends Error {
  override readonly name = 'BrokenReply';
}

/** Tokens as the endpoint counts them; absent where it says nothing, or nothing that can be. */
export type Usage = {
  readonly promptTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly cachedTokens: number | undefined;
};

export type Reply = {
  readonly usage: Usage;
  readonly finishReason: string | undefined;
} & (
  | { readonly kind: 'text'; readonly text: string }
  /** There is no text: refused by the model, spent on thinking, a call of a tool. */
  | { readonly kind: 'none'; readonly isRefusal: boolean }
  | { readonly kind: 'vector'; readonly vector: readonly number[] }
  | { readonly kind: 'score'; readonly score: number }
);

type Mapping = Readonly<Record<string, unknown>>;

const mappingOf = (value: unknown): Mapping | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : undefined;

const firstOf = (value: unknown): Mapping | undefined =>
  Array.isArray(value) && value.length === 1 ? mappingOf(value[0]) : undefined;

/** Reads a reply of a route. Throws BrokenReply where it is none. */
export const readReply = (route: EndpointCall['route'], body: unknown): Reply => {
  const reply = mappingOf(body);
  if (reply === undefined) throw new BrokenReply('sends replies that are not JSON, or no mapping');
  const usage = readUsage(mappingOf(reply.usage));
  switch (route) {
    case 'chat/completions': {
      const choice = oneOf(reply, 'choices');
      return { usage, finishReason: readReason(choice), ...readMessage(mappingOf(choice.message)) };
    }
    case 'completions': {
      const choice = oneOf(reply, 'choices');
      return { usage, finishReason: readReason(choice), ...textOf(choice.text, false) };
    }
    case 'embeddings':
      return {
        kind: 'vector',
        usage: withoutOutput(usage),
        finishReason: undefined,
        vector: readVector(reply),
      };
    case 'score':
      return scored(usage, oneOf(reply, 'data').score);
    case 'rerank':
      return scored(usage, oneOf(reply, 'results').relevance_score);
  }
};

const oneOf = (reply: Mapping, field: string): Mapping => {
  const one = firstOf(reply[field]);
  if (one === undefined)
    throw new BrokenReply(`sends replies without the one entry of ${field} that was asked for`);
  return one;
};

const readMessage = (message: Mapping | undefined) => {
  if (message === undefined) throw new BrokenReply('sends replies without a message');
  const isRefusal = typeof message.refusal === 'string' && message.refusal !== '';
  return textOf(message.content, isRefusal);
};

const textOf = (text: unknown, isRefusal: boolean) => {
  if (typeof text === 'string' && !isRefusal) return { kind: 'text' as const, text };
  if (typeof text === 'string' || text === null || text === undefined)
    return { kind: 'none' as const, isRefusal };
  throw new BrokenReply('sends answers that are no text');
};

const readReason = ({ finish_reason: reason }: Mapping): string | undefined =>
  typeof reason === 'string' && /^[\w-]{1,64}$/.test(reason) ? reason : undefined;

const readVector = (reply: Mapping): readonly number[] => {
  const { embedding } = oneOf(reply, 'data');
  if (!Array.isArray(embedding) || embedding.length === 0 || !embedding.every(isFloat))
    throw new BrokenReply('sends embeddings that are no list of finite numbers');
  return embedding;
};

/** Of what a FLOAT can hold. */
const isFloat = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(Math.fround(value));

const scored = (usage: Usage, score: unknown): Reply => {
  if (typeof score !== 'number' || !Number.isFinite(score))
    throw new BrokenReply('sends scores that are no finite number');
  return { kind: 'score', usage: withoutOutput(usage), finishReason: undefined, score };
};

const withoutOutput = (usage: Usage): Usage => ({ ...usage, outputTokens: 0 });

const readUsage = (usage: Mapping | undefined): Usage => ({
  promptTokens: countOf(usage?.prompt_tokens),
  outputTokens: countOf(usage?.completion_tokens),
  cachedTokens: countOf(mappingOf(usage?.prompt_tokens_details)?.cached_tokens),
});

/** The largest INTEGER, which is what the column holds. */
const MOST_TOKENS = 2 ** 31 - 1;

const countOf = (value: unknown): number | undefined =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_TOKENS
    ? (value as number)
    : undefined;
