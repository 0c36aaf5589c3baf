import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpecError } from '../../../functions/contract/errors.ts';
import { checkSpec } from '../../../functions/core/check-spec.ts';
import { parseSpec } from '../../../functions/io/spec/parse-spec.ts';
import { EXAMPLE_SPEC } from '../../../scripts/spec-page.ts';
import { BAD_SPECS } from './bad-specs.ts';

const SEED = { seed: 20_261_122 };

/** Whether a document is taken or refused by name; anything else that is thrown fails the test. */
const judge = (
  text: string,
  file: string,
  overrides: { path: string; value: string }[] = [],
): 'taken' | 'refused' => {
  try {
    parseSpec(text, { file, overrides });
    return 'taken';
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    if (error.problems.length === 0) throw new Error('a refusal without a problem', { cause: error });
    return 'refused';
  }
};

const PIECES = [
  '\n',
  '  ',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '&a ',
  '*a',
  '!!str ',
  '<<: ',
  '? ',
  '|',
  '>',
  '#',
  '%',
  '\t',
  '~',
  '1e999',
  '---\n',
  '...\n',
  '__proto__: ',
  'steps:\n',
];

describe('parseSpec on random documents', () => {
  it('takes or refuses by name every text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(fc.constantFrom(...PIECES, 'a', '1'), { maxLength: 60 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, fc.constantFrom('a.yaml', 'a.json'), (document, file) => {
        expect(['taken', 'refused']).toContain(judge(document, file));
      }),
      { ...SEED, numRuns: 2_000 },
    );
  });

  it('takes or refuses by name a good document with mistakes in it', () => {
    const texts = [EXAMPLE_SPEC, ...BAD_SPECS.map(([, text]) => text)];
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(5),
      put: fc.constantFrom('', ...PIECES),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (text, edits) => {
          const edited = edits.reduce((document, { at, cut, put }) => {
            const offset = Math.floor(at * document.length);
            return document.slice(0, offset) + put + document.slice(offset + cut);
          }, text);
          expect(['taken', 'refused']).toContain(judge(edited, 'a.yaml'));
        },
      ),
      { ...SEED, numRuns: 2_000 },
    );
  });

  it('takes or refuses by name every override', () => {
    const path = fc.array(
      fc.constantFrom(
        'steps',
        '[0]',
        '[1]',
        '[9]',
        '.sort',
        '.filter',
        '.limit',
        'input',
        '.csv',
        '.uri',
        'output',
        '.mode',
        '["x"]',
        'constructor',
        '.prototype',
        '..',
        '[',
      ),
      { maxLength: 5 },
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('1', '[', '[1]', '{a: 1}', '{a: &x 1}', '~', 'true', '"', '1e999', '.', '-'),
    );
    fc.assert(
      fc.property(path, value, (parts, text) => {
        expect(['taken', 'refused']).toContain(
          judge(EXAMPLE_SPEC, 'a.yaml', [{ path: parts.join(''), value: text }]),
        );
      }),
      { ...SEED, numRuns: 2_000 },
    );
  });
});

describe('checkSpec on random values', () => {
  it('gives a spec or at least one problem, and takes its own specs again', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
    const value = fc.object({
      key: fc.constantFrom(
        'name',
        'input',
        'uri',
        'steps',
        'filter',
        'group_by',
        'keys',
        'output',
        'sort',
        'infer',
        'csv',
        'x',
        'constructor',
      ),
      values: [leaf],
      maxDepth: 4,
      withNullPrototype: false,
    });
    fc.assert(
      fc.property(fc.oneof(value, leaf, fc.array(value)), (candidate) => {
        const checked = checkSpec(candidate);
        if ('problems' in checked) expect(checked.problems.length).toBeGreaterThan(0);
        else expect(checkSpec(checked.spec)).toEqual({ spec: checked.spec });
      }),
      { ...SEED, numRuns: 1_000 },
    );
  });
});
