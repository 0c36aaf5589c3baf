import { Agent as HttpAgent, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent as HttpsAgent, request as tlsRequest } from 'node:https';
import { policyOf } from './address-policy.ts';
import { createJudgedLookup, type ResolveHost, resolveHost } from './judged-lookup.ts';
import { readBody } from './read-body.ts';
import type { EndpointSettings } from './settings.ts';
import { TransportFailure, transportFailureOf } from './transport-failure.ts';

/** A connection that is not taken by then is not there. */
const CONNECT_MS = 10_000;

/** What of a reply's headers anybody here reads. */
const READ_HEADERS = ['content-type', 'retry-after', 'retry-after-ms', 'x-request-id'] as const;

/** As the official client wants it. */
export type Fetch = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;

export type Transport = {
  /** A `fetch` whose replies have at most so many bytes: one that is longer fails as TransportFailure. */
  readonly fetchWithin: (replyBytes: number) => Fetch;
  /** Closes connections that are open. */
  readonly close: () => void;
};

type Sent = {
  readonly url: URL;
  readonly method: string;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
};

/**
 * The one way to an endpoint: to addresses that its settings allow, without following anybody elsewhere, with the key
 * in the one header that it is for, and with no header but those named here: the official client would add some from
 * the environment. A reply is there as a whole, or not at all.
 */
export const createTransport = (
  settings: Pick<EndpointSettings, 'url' | 'key' | 'concurrency' | 'allowsPrivate'>,
  resolve: ResolveHost = resolveHost,
): Transport => {
  const base = new URL(settings.url);
  const lookup = createJudgedLookup(policyOf(base, settings.allowsPrivate), resolve);
  const isTls = base.protocol === 'https:';
  const request = isTls ? tlsRequest : plainRequest;
  const agent = new (isTls ? HttpsAgent : HttpAgent)({
    keepAlive: true,
    maxSockets: settings.concurrency,
    // The one used last is the one least likely to be closed by the other side.
    scheduling: 'lifo',
  });

  const attempt = (sent: Sent, options: { readonly isFresh: boolean; readonly replyBytes: number }) =>
    new Promise<Response>((resolveReply, reject) => {
      const { url, method, body, signal } = sent;
      let isConnected = false;
      let isHeard = false;
      const outgoing = request(url, {
        method,
        lookup,
        agent: options.isFresh ? false : agent,
        headers: headersOf(settings.key?.reveal(), body),
      });
      const fail = (error: NodeJS.ErrnoException): void => {
        isHeard = true;
        outgoing.destroy();
        if (signal?.aborted === true) reject(signal.reason);
        else if (error instanceof TransportFailure) reject(error);
        // The other side closed a connection that nobody used, just as it was taken up again.
        else if (outgoing.reusedSocket && error.code === 'ECONNRESET' && !options.isFresh)
          attempt(sent, { ...options, isFresh: true }).then(resolveReply, reject);
        else reject(transportFailureOf(error, { host: base.host, isConnected }));
      };
      const abort = (): void => fail(new Error('aborted'));
      signal?.addEventListener('abort', abort, { once: true });
      outgoing.once('close', () => {
        signal?.removeEventListener('abort', abort);
        // Node may end a request without a word: whoever waits for it is told all the same.
        if (!isHeard) fail(Object.assign(new Error(), { code: 'closed' }));
      });
      // Without a listener the request would end as if it had never been.
      outgoing.once('upgrade', (_, socket) => {
        socket.destroy();
        fail(statusFailure());
      });
      outgoing.once('socket', (socket) => {
        if (!socket.connecting) {
          isConnected = true;
          return;
        }
        const timer = setTimeout(() => fail(Object.assign(new Error(), { code: 'ETIMEDOUT' })), CONNECT_MS);
        socket.once('connect', () => {
          isConnected = true;
        });
        for (const event of ['connect', 'error', 'close']) socket.once(event, () => clearTimeout(timer));
      });
      outgoing.once('error', fail);
      outgoing.once('response', (incoming) => {
        isHeard = true;
        readBody(incoming, options.replyBytes)
          .then((bytes) => resolveReply(replyOf(incoming, bytes)))
          .catch(fail);
      });
      if (signal?.aborted === true) abort();
      else outgoing.end(body);
    });

  return {
    fetchWithin: (replyBytes) => async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      if (url.origin !== base.origin) throw new Error('a request to another address than the endpoint');
      const { body, method = 'GET', signal } = init ?? {};
      if (body !== undefined && body !== null && typeof body !== 'string')
        throw new Error('a request whose body is no text');
      const sent = { url, method, body: body ?? undefined, signal: signal ?? undefined };
      return attempt(sent, { isFresh: false, replyBytes });
    },
    close: () => agent.destroy(),
  };
};

const headersOf = (key: string | undefined, body: string | undefined): Record<string, string | number> => ({
  accept: 'application/json',
  'user-agent': 'daybreak',
  ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  ...(body === undefined
    ? {}
    : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
});

/** Statuses with which a Response has no body, whatever came. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

const statusFailure = (): TransportFailure =>
  new TransportFailure({ kind: 'broken', code: 'status', what: 'answers with a status that is none' });

const replyOf = ({ statusCode = 0, headers }: IncomingMessage, bytes: Uint8Array<ArrayBuffer>): Response => {
  if (statusCode < 200 || statusCode > 599) throw statusFailure();
  const kept = READ_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return new Response(BODILESS.has(statusCode) ? null : bytes, {
    status: statusCode,
    headers: Object.fromEntries(kept),
  });
};
