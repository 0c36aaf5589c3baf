import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError, OpenAI } from 'openai';
import type { EndpointCall } from '../../core/endpoints/render-call.ts';
import { BrokenReply } from './read-reply.ts';
import type { EndpointSettings } from './settings.ts';
import type { Fetch } from './transport.ts';
import { TransportFailure } from './transport-failure.ts';
import { wrapErrorBodies } from './wrap-error-body.ts';

/** Loaded lazily, by an import of this file: the client is 300 modules. */
export type EndpointClient = {
  /** One request, one reply. What it throws is for {@link EndpointClient.readError}. */
  readonly send: (call: EndpointCall, signal: AbortSignal) => Promise<unknown>;
  /** The models that it serves: `GET /models`. */
  readonly listModels: (signal: AbortSignal) => Promise<unknown>;
  readonly readError: (error: unknown) => ClientError;
};

/** What the official client's errors say. `message` may quote what was sent: it is for rejects alone. */
export type ClientError =
  | { readonly kind: 'aborted' }
  | { readonly kind: 'timeout' }
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly code: string | undefined;
      readonly type: string | undefined;
      readonly param: string | undefined;
      readonly message: string;
      readonly header: (name: string) => string | undefined;
    }
  | { readonly kind: 'transport'; readonly failure: TransportFailure }
  | { readonly kind: 'broken'; readonly what: string }
  /** A mistake of ours. */
  | { readonly kind: 'unknown' };

/** Nobody is told the real one but the transport: the client prints, logs and throws what it has. */
const NO_KEY = 'kept-by-the-transport';

/** The official client, with nothing of the environment, no log and no tries of its own. */
export const createClient = (
  { url, timeoutSeconds }: Pick<EndpointSettings, 'url' | 'timeoutSeconds'>,
  fetch: Fetch,
): EndpointClient => {
  const client = new OpenAI({
    apiKey: NO_KEY,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    baseURL: url,
    fetch: wrapErrorBodies(fetch),
    maxRetries: 0,
    timeout: timeoutSeconds * 1_000,
    logLevel: 'off',
  });
  return {
    send: ({ route, body }, signal) => post(client, route, body, signal),
    listModels: (signal) => client.get('/models', { signal }),
    readError,
  };
};

/**
 * The bodies are made by core/endpoints/render-call, which knows more of them than the client's types do: fields of
 * vLLM's own pass through it as they are.
 */
const post = (
  client: OpenAI,
  route: EndpointCall['route'],
  body: EndpointCall['body'],
  signal: AbortSignal,
): Promise<unknown> => {
  switch (route) {
    case 'chat/completions':
      return client.chat.completions.create(body as never, { signal });
    case 'completions':
      return client.completions.create(body as never, { signal });
    case 'embeddings':
      return client.embeddings.create(body as never, { signal });
    default:
      return client.post(`/${route}`, { body, signal });
  }
};

const readError = (error: unknown): ClientError => {
  if (error instanceof APIUserAbortError) return { kind: 'aborted' };
  if (error instanceof APIConnectionTimeoutError) return { kind: 'timeout' };
  if (error instanceof APIConnectionError) return readConnectionError(error);
  if (error instanceof APIError && error.status !== undefined) return readApiError(error, error.status);
  // Of a reply that is no JSON; the sentence quotes it.
  if (error instanceof SyntaxError) return { kind: 'broken', what: 'sends replies that are not JSON' };
  return error instanceof BrokenReply ? { kind: 'broken', what: error.message } : { kind: 'unknown' };
};

const readConnectionError = ({ cause }: APIConnectionError): ClientError =>
  cause instanceof TransportFailure ? { kind: 'transport', failure: cause } : { kind: 'unknown' };

const readApiError = (error: APIError, status: number): ClientError => ({
  kind: 'reply',
  status,
  code: wordOf(error.code),
  type: wordOf(error.type),
  param: wordOf(error.param),
  message: error.message,
  header: (name) => error.headers?.get(name) ?? undefined,
});

/** vLLM gives numbers, and some give whole sentences. */
const wordOf = (value: unknown): string | undefined => {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && /^[\w.:-]{1,64}$/.test(value) ? value : undefined;
};
