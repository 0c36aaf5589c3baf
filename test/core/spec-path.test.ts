import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSpecPath, renderSpecPath } from '../../functions/core/spec-path.ts';

describe('renderSpecPath', () => {
  it.each([
    [['steps', 2, 'sort', 'limit'], 'steps[2].sort.limit'],
    [['steps', 0, 'select', 'first name'], 'steps[0].select["first name"]'],
    [['a', '"', 0, 1], 'a["\\""][0][1]'],
    [['a', ''], 'a[""]'],
    [[], ''],
  ])('renders %j as %s', (path, expected) => {
    expect(renderSpecPath(path)).toBe(expected);
  });

  it('is read back by parseSpecPath', () => {
    const part = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.nat(999_999_999),
      fc.constantFrom('a', 'b_c', 'd-e'),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (path) => {
        expect(parseSpecPath(renderSpecPath(path))).toEqual(path);
      }),
      { seed: 20_261_122, numRuns: 500 },
    );
  });
});

describe('parseSpecPath', () => {
  it('takes a key as people write it', () => {
    expect(parseSpecPath('steps[0].select.größe')).toEqual(['steps', 0, 'select', 'größe']);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'a[', 'a[x]', 'a[-1]', 'a["x]', 'a]b', '["\\u12"]', 'a"b'])(
    'rejects %j',
    (text) => {
      expect(parseSpecPath(text)).toBeUndefined();
    },
  );
});
