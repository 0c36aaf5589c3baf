import type { Fetch } from './transport.ts';

/** Where servers that leave OpenAI's envelope out have their sentence: vLLM of old, FastAPI, gateways. */
const SENTENCES = ['message', 'detail', 'error_description', 'title'] as const;

/**
 * A `fetch` whose errors all have OpenAI's form, `{ error: { message, type, code } }`: the official client reads no
 * other, and the sentence would be lost.
 */
export const wrapErrorBodies =
  (fetch: Fetch): Fetch =>
  async (url, init) => {
    const reply = await fetch(url, init);
    if (reply.ok || reply.body === null) return reply;
    const text = await reply.text();
    const { status, headers } = reply;
    return new Response(wrapErrorBody(text), { status, headers });
  };

const wrapErrorBody = (text: string): string => {
  const body = readMapping(text);
  if (body === undefined || 'error' in body) return text;
  const sentence = SENTENCES.map((field) => body[field]).find((value) => value !== undefined);
  if (sentence === undefined) return text;
  const message = typeof sentence === 'string' ? sentence : JSON.stringify(sentence);
  return JSON.stringify({ error: { message, type: body.type, code: body.code, param: body.param } });
};

const readMapping = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // A page of a gateway: the client takes it as it is.
    return undefined;
  }
};
