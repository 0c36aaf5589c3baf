import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiKeySet } from '../../../functions/contract/api-keys.ts';
import { parseAuthorization, renderApiKey } from '../../../functions/core/parse-api-key.ts';
import { drawApiKey, verifyApiKey } from '../../../functions/io/cloud/api-keys.ts';
import { announceSeed } from '../../oracle/grammar.ts';

const NOW = new Date('2026-11-28T12:00:00.000Z');
const draw = (more: { readonly expiresAt?: string } = {}) =>
  drawApiKey({ label: 'tests', scopes: ['submit', 'read'], now: NOW, ...more });

describe('an API key', () => {
  it('is known again, and no other is taken for it', () => {
    const keys = [draw(), draw(), draw()];
    const set = ApiKeySet.parse({ keys: keys.map(({ kept }) => kept) });
    for (const { presented, kept } of keys) expect(verifyApiKey(set, presented, NOW)).toEqual(kept);
    const [first, second] = keys;
    const mixed = { id: first?.presented.id ?? '', secret: second?.presented.secret ?? '' };
    expect(verifyApiKey(set, mixed, NOW)).toBeUndefined();
    expect(verifyApiKey(set, draw().presented, NOW)).toBeUndefined();
    expect(verifyApiKey({ keys: [] }, draw().presented, NOW)).toBeUndefined();
  });

  it('comes over in a header as it was drawn', () => {
    for (let round = 0; round < 100; round += 1) {
      const { presented } = draw();
      expect(parseAuthorization(`Bearer ${renderApiKey(presented)}`)).toEqual(presented);
    }
  });

  it('ends at its time', () => {
    const { presented, kept } = draw({ expiresAt: NOW.toISOString() });
    const before = new Date(NOW.getTime() - 1);
    expect(verifyApiKey({ keys: [kept] }, presented, before)).toEqual(kept);
    expect(verifyApiKey({ keys: [kept] }, presented, NOW)).toBeUndefined();
  });

  it('is kept without its secret, and salted: equal secrets have different hashes', () => {
    const { presented, kept } = draw();
    expect(JSON.stringify(kept)).not.toContain(presented.secret);
    const bytes = [1, 2].map((salt) => (size: number) => Buffer.alloc(size, size === 16 ? salt : 7));
    const [one, other] = bytes.map((random) =>
      drawApiKey({ label: 'a', scopes: ['read'], now: NOW }, random),
    );
    expect(one?.presented).toEqual(other?.presented);
    expect(one?.kept.hash).not.toBe(other?.kept.hash);
  });

  it('is refused with any one character of its secret changed', () => {
    const { presented, kept } = draw();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 41 }), fc.constantFrom(...'abcXYZ019_-'), (at, letter) => {
        const secret = presented.secret.slice(0, at) + letter + presented.secret.slice(at + 1);
        const found = verifyApiKey({ keys: [kept] }, { ...presented, secret }, NOW);
        expect(found !== undefined).toBe(secret === presented.secret);
      }),
      announceSeed('api keys', 200),
    );
  });
});
