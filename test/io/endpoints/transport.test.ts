/** What is no HTTP, no TLS or no JSON of ours at the other end of a connection: a name for each. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { openEndpoint } from '../../../functions/io/endpoints/open-endpoint.ts';
import { askMany, askOne, withScript } from './ask-rows.ts';
import { quickWorld, settingsOf } from './endpoint-world.ts';
import { chatReply } from './scripted-endpoint.ts';

const withSocket = async (
  answer: (socket: Socket) => void,
  use: (address: string) => Promise<void>,
): Promise<void> => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  try {
    await use(`127.0.0.1:${address.port}/v1`);
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
};

const failureAt = async (url: string): Promise<unknown> => {
  const endpoint = openEndpoint(settingsOf(url, { giveUpSeconds: 0.1, timeoutSeconds: 2 }), quickWorld);
  try {
    return await askMany(endpoint, 30).then(
      () => undefined,
      (error: unknown) => error,
    );
  } finally {
    endpoint.close();
  }
};

it('fails by name where the other end speaks no TLS', () =>
  withSocket(
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    async (address) => {
      expect(await failureAt(`https://${address}`)).toMatchObject({
        name: 'EndpointError',
        message: expect.stringMatching(/has no TLS that can be trusted/),
      });
    },
  ));

it.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['a status that is none', 'HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'],
  [
    'a switch to another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  ],
  ['headers without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
])('fails by name where the other end speaks %s', (_, bytes) =>
  withSocket(
    (socket) => socket.once('data', () => socket.end(bytes)),
    async (address) => {
      expect(await failureAt(`http://${address}`)).toMatchObject({
        name: 'EndpointError',
        message: expect.stringMatching(/, and nothing else for 0.1 seconds/),
      });
    },
  ),
);

it('asks again where an idle connection was closed just then, and nobody counts that', async () => {
  await withScript(
    () => ({
      ...(chatReply('hi') as object),
      headers: { connection: 'keep-alive', 'keep-alive': 'timeout=60' },
    }),
    async ({ endpoint, server }) => {
      expect(await askOne(endpoint)).toMatchObject({ answer: 'hi' });
      server.dropIdle();
      expect(await askOne(endpoint)).toMatchObject({ answer: 'hi' });
      expect(endpoint.figures()).toMatchObject({ pausedMs: 0 });
    },
  );
});
