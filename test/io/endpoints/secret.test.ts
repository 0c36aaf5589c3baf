import { expect, it } from 'vitest';
import { Secret } from '../../../functions/io/endpoints/secret.ts';

const TEXT = 'sk-abcdefgh/ijkl"m';

it.each([
  ['plain', TEXT],
  ['in an address', encodeURIComponent(TEXT)],
  ['in base64', Buffer.from(TEXT).toString('base64')],
  ['in JSON', JSON.stringify({ key: TEXT })],
  ['in JSON that escapes slashes', JSON.stringify({ key: TEXT }).replaceAll('/', String.raw`\/`)],
])('finds and masks a key %s', (_, text) => {
  const secret = new Secret(TEXT);
  expect(secret.isIn(`said ${text}`)).toBe(true);
  expect(secret.maskIn(`said ${text}`)).toContain('[key]');
  expect(secret.isIn(secret.maskIn(`said ${text}`))).toBe(false);
});
