import { describe, expect, it } from 'vitest';
import { parseAuthorization, renderApiKey } from '../../functions/core/parse-api-key.ts';

const KEY = { id: 'dbk_0123456789abcdef', secret: 'A'.repeat(42).concat('_') };

describe('an Authorization header', () => {
  it.each(['Bearer', 'bearer', 'BEARER'])('gives the key behind %s', (scheme) => {
    expect(parseAuthorization(`${scheme} ${renderApiKey(KEY)}`)).toEqual(KEY);
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['the scheme alone', 'Bearer '],
    ['another scheme', `Basic ${renderApiKey(KEY)}`],
    ['no scheme', renderApiKey(KEY)],
    ['an id alone', `Bearer ${KEY.id}`],
    ['an id of another form', `Bearer key_0123456789abcdef.${KEY.secret}`],
    ['a short secret', `Bearer ${KEY.id}.${KEY.secret.slice(1)}`],
    ['a long secret', `Bearer ${KEY.id}.${KEY.secret}A`],
    ['a secret with padding', `Bearer ${KEY.id}.${KEY.secret.slice(1)}=`],
    ['something behind it', `Bearer ${renderApiKey(KEY)}, Bearer x`],
    ['a line break', `Bearer ${renderApiKey(KEY)}\n`],
    ['two keys', `Bearer ${renderApiKey(KEY)}.${KEY.secret}`],
  ])('is refused for %s', (_, header) => {
    expect(parseAuthorization(header)).toBeUndefined();
  });
});
