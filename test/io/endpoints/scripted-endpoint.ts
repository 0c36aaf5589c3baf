/** A server on the loopback interface that speaks as much of the OpenAI API as a script says, and counts what is open. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** A request as it came. */
export type Asked = {
  /** From 0, in the order in which they came. */
  readonly number: number;
  readonly method: string;
  /** Below the base of the API: `/chat/completions`. */
  readonly route: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** How many are open, this one among them. */
  readonly open: number;
  /** Settles when the exchange is over: the reply is out, or the client has gone. */
  readonly closed: Promise<void>;
};

/** `none`: the connection ends without a word. `silence`: nothing ever comes. */
export type Replied =
  | 'none'
  | 'silence'
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** What is no text is sent as JSON. */
      readonly body?: unknown;
      /** The connection ends in the middle of the body. */
      readonly cutAfterBytes?: number;
    };

export type Script = (asked: Asked) => Replied | Promise<Replied>;

export type ScriptedEndpoint = {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  readonly open: () => number;
  readonly mostOpen: () => number;
  /** Answers by another script from now on. */
  readonly script: (script: Script) => void;
  /** Closes the connections that nobody uses. */
  readonly dropIdle: () => void;
  readonly stop: () => Promise<void>;
};

const BASE = '/v1';

/** Starts it; whatever a script throws ends the connection, and `stop` fails with it. */
export const startScriptedEndpoint = async (first: Script): Promise<ScriptedEndpoint> => {
  const asked: Asked[] = [];
  let open = 0;
  let mostOpen = 0;
  let failure: unknown;
  let script = first;
  const server = createServer(async (incoming, outgoing) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    const closed = new Promise<void>((resolve) => {
      outgoing.once('close', () => {
        open -= 1;
        resolve();
      });
    });
    try {
      const number = asked.length;
      // In its place before its body is read: what follows comes later.
      const seen = { number, open, closed, ...lineOf(incoming), body: {} };
      asked.push(seen);
      Object.assign(seen, { body: incoming.method === 'POST' ? await json(incoming) : {} });
      reply(await script(seen), outgoing);
    } catch (error) {
      // The client may go while it sends.
      if (!incoming.destroyed || incoming.complete) failure ??= error;
      outgoing.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    url: `http://127.0.0.1:${address.port}${BASE}`,
    port: address.port,
    asked,
    open: () => open,
    mostOpen: () => mostOpen,
    script: (next) => {
      script = next;
    },
    dropIdle: () => server.closeIdleConnections(),
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      if (failure !== undefined) throw failure;
    },
  };
};

const lineOf = ({ method = '', url = '', headers }: IncomingMessage) => ({
  method,
  route: url.startsWith(BASE) ? url.slice(BASE.length) : url,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()])),
});

const reply = (replied: Replied, outgoing: ServerResponse): void => {
  if (replied === 'silence') return;
  if (replied === 'none') {
    outgoing.destroy();
    return;
  }
  const { status = 200, headers, body = '', cutAfterBytes } = replied;
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.byteLength,
    ...headers,
  });
  if (cutAfterBytes === undefined) outgoing.end(bytes);
  else outgoing.write(bytes.subarray(0, cutAfterBytes), () => outgoing.destroy());
};

/** An error as OpenAI writes it. */
export const errorReply = (
  status: number,
  error: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Replied => ({
  status,
  headers,
  body: { error: { message: 'scripted', type: null, param: null, code: null, ...error } },
});

/** A chat's answer as OpenAI writes it. */
export const chatReply = (
  content: string | null,
  { reason = 'stop', ...rest }: { readonly reason?: string } & Readonly<Record<string, unknown>> = {},
): Replied => ({
  body: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    choices: [{ index: 0, finish_reason: reason, message: { role: 'assistant', content, refusal: null } }],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    ...rest,
  },
});

type Message = { readonly role: string; readonly content: string };

/** The last message of a chat. */
export const lastMessage = ({ body }: Pick<Asked, 'body'>): string =>
  (body.messages as readonly Message[]).at(-1)?.content ?? '';
