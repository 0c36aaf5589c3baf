/** An HTTP server on the loopback interface that answers as a script says: in the place of S3, or between it and the SDK. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export type SeenRequest = {
  readonly method: string;
  /** With the query, as it came. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The same for all tries of one call of the SDK. */
  readonly call: string;
  /** 1 for the first try of the call. */
  readonly attempt: number;
  readonly body: () => Promise<Buffer>;
  /** Settles when the exchange is over: the reply is out, or the client has gone. */
  readonly closed: Promise<void>;
};

/** `none`: the connection ends without a word. `cutAfterBytes`: it ends in the middle of the body. */
export type Reply =
  | 'none'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array | string;
      readonly cutAfterBytes?: number;
    };

export type Script = (request: SeenRequest) => Promise<Reply> | Reply;

export type ScriptedServer = {
  readonly endpoint: string;
  /** In the order in which they came. */
  readonly seen: readonly SeenRequest[];
  /** What a script threw, where one did. */
  readonly failure: () => unknown;
  readonly stop: () => Promise<void>;
};

export const startScriptedServer = async (script: Script): Promise<ScriptedServer> => {
  const seen: SeenRequest[] = [];
  let failure: unknown;
  const server = createServer(async (incoming, outgoing) => {
    const request = see(incoming, outgoing);
    seen.push(request);
    try {
      send(await script(request), request, outgoing);
    } catch (error) {
      failure ??= error;
      outgoing.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const stop = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { endpoint: `http://127.0.0.1:${address.port}`, seen, failure: () => failure, stop };
};

const see = (incoming: IncomingMessage, outgoing: ServerResponse): SeenRequest => {
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, `${value ?? ''}`]),
  );
  let body: Promise<Buffer> | undefined;
  return {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    headers,
    call: headers['amz-sdk-invocation-id'] ?? '',
    attempt: Number(/attempt=(\d+)/u.exec(headers['amz-sdk-request'] ?? '')?.[1] ?? 1),
    body: () => {
      // Node throws away what nobody reads, and who asks afterwards would wait for ever.
      if (body === undefined && outgoing.writableEnded) throw new Error('the body was not read in its time');
      body ??= buffer(incoming);
      return body;
    },
    closed: new Promise((resolve) => outgoing.once('close', resolve)),
  };
};

const send = (reply: Reply, { method }: SeenRequest, outgoing: ServerResponse): void => {
  if (reply === 'none') {
    outgoing.destroy();
    return;
  }
  const body = Buffer.from(reply.body ?? '');
  // Of HEAD the length is that of the object, which the script says.
  outgoing.writeHead(reply.status, {
    ...(method === 'HEAD' ? {} : { 'content-length': body.length }),
    ...reply.headers,
  });
  if (reply.cutAfterBytes === undefined) {
    outgoing.end(method === 'HEAD' ? undefined : body);
    return;
  }
  outgoing.write(body.subarray(0, reply.cutAfterBytes), () => outgoing.destroy());
};

/** An error as S3 writes it. */
export const errorReply = (status: number, code: string): Reply => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>scripted</Message></Error>`,
});

/** Hop by hop: each connection has its own. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'transfer-encoding',
]);

/** Sends a request on to another server and gives its whole reply. */
export const forwardTo =
  (endpoint: string) =>
  async ({ method, url, headers, body }: SeenRequest): Promise<Exclude<Reply, 'none'>> => {
    const bytes = await body();
    const passed = Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name));
    const onward = request(`${endpoint}${url}`, {
      method,
      headers: Object.fromEntries([...passed, ['content-length', `${bytes.length}`]]),
    });
    onward.end(bytes);
    const [incoming] = (await once(onward, 'response')) as [IncomingMessage];
    const replied = Object.entries(incoming.headers).filter(
      ([name]) => method === 'HEAD' || !OWN_HEADERS.has(name),
    );
    return {
      status: incoming.statusCode ?? 0,
      headers: Object.fromEntries(replied.map(([name, value]) => [name, `${value ?? ''}`])),
      body: await buffer(incoming),
    };
  };
