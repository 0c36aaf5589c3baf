import { expect, it } from 'vitest';
import { describeServed } from '../../../functions/io/endpoints/look-at-endpoint.ts';
import { Secret } from '../../../functions/io/endpoints/secret.ts';
import { withScript } from './ask-rows.ts';
import { settingsOf } from './endpoint-world.ts';
import { errorReply, type Replied } from './scripted-endpoint.ts';

const KEY = 'sk-a-key-that-nobody-may-see';
const models = (...names: readonly string[]): Replied => ({ body: { data: names.map((id) => ({ id })) } });

it.each([
  [models('tiny'), /^the endpoint was asked: it serves tiny$/],
  [models('large', KEY), /^the endpoint was asked: it lists no model tiny; it serves "large", "\[key\]"$/],
  [
    errorReply(401, { message: KEY }),
    /^asked for its models, the endpoint scripted answers 401 to the key of/,
  ],
  [errorReply(404), /^asked for its models, the endpoint scripted answers 404/],
  [{ body: [] } as Replied, /lists its models in a way of its own/],
])('says of an endpoint what a job would meet, and never its key: %#', (reply, expected) =>
  withScript(
    () => reply,
    async ({ server }) => {
      const settings = settingsOf(server.url, { key: new Secret(KEY) });
      const note = await describeServed(settings, 'tiny', new AbortController().signal);
      expect(note).toMatch(expected);
      expect(note).not.toContain(KEY);
      expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
    },
  ),
);
