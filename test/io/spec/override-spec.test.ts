import { describe, expect, it } from 'vitest';
import { renderProblem, SpecError } from '../../../functions/contract/errors.ts';
import { parseSpec } from '../../../functions/io/spec/parse-spec.ts';

const TEXT = `name: a
input: {uri: x.csv}
output: {uri: o/}
steps:
- filter: a > 1
- select: {"first name": a}
- sort: {by: a, limit: 3}
`;
const set = (...overrides: [path: string, value: string][]) =>
  parseSpec(TEXT, { file: 'job.yaml', overrides: overrides.map(([path, value]) => ({ path, value })) });

const problemsOf = (...overrides: [string, string][]): readonly string[] => {
  try {
    set(...overrides);
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map((problem) => renderProblem(problem));
    throw error;
  }
  return [];
};

describe('overrideSpec', () => {
  it.each<[path: string, value: string, expected: object]>([
    ['output.mode', 'overwrite', { output: { uri: 'o/', format: 'parquet', mode: 'overwrite' } }],
    ['name', 'b', { name: 'b' }],
    ['deadline', '1d 2h', { deadline: '1d 2h' }],
    ['seed', '7', { seed: 7 }],
    ['errors.max_rejects', '1%', { errors: { max_rejects: '1%' } }],
    ['errors.max_rejects', '10', { errors: { max_rejects: 10 } }],
    ['input.uri', '[a, "b c"]', { input: { uri: ['a', 'b c'], schema: 'same' } }],
    ['input.csv.delim', ';', { input: { uri: 'x.csv', csv: { delim: ';' }, schema: 'same' } }],
    ['input.csv.delim', ',', { input: { uri: 'x.csv', csv: { delim: ',' }, schema: 'same' } }],
    ['input.csv.delim', '|', { input: { uri: 'x.csv', csv: { delim: '|' }, schema: 'same' } }],
    ['input.csv.delim', '"\\t"', { input: { uri: 'x.csv', csv: { delim: '\t' }, schema: 'same' } }],
    ['input.csv.comment', '#', { input: { uri: 'x.csv', csv: { comment: '#' }, schema: 'same' } }],
    ['input.csv', '{skip: 2}', { input: { uri: 'x.csv', csv: { skip: 2 }, schema: 'same' } }],
    ['input', '{uri: y}', { input: { uri: 'y', schema: 'same' } }],
    ['steps', '[]', { steps: [] }],
    ['steps', '[{filter: 1.10}]', { steps: [{ filter: '1.10' }] }],
  ])('sets %s to %s', (path, value, expected) => {
    expect(set([path, value])).toMatchObject(expected);
  });

  it.each([
    ['steps[0].filter', '"a" = 1', { filter: '"a" = 1' }],
    ['steps[0].filter', "'x' || y # z", { filter: "'x' || y # z" }],
    ['steps[0].filter', '1.10', { filter: '1.10' }],
    ['steps[0].filter', 'a: b', { filter: 'a: b' }],
    ['steps[1].select["first name"]', 'b', { select: { 'first name': 'b' } }],
    ['steps[1].select', '{x: 1e3}', { select: { x: '1e3' } }],
    ['steps[2].sort.limit', '10', { sort: { by: 'a', limit: 10 } }],
  ])('sets %s to %s', (path, value, expected) => {
    expect(set([path, value]).steps[Number(path[6])]).toEqual(expected);
  });

  it('applies several in order', () => {
    expect(
      set(['input.csv', '{skip: 1}'], ['input.csv.skip', '2'], ['input.csv.skip', '3']).input.csv,
    ).toEqual({ skip: 3 });
  });

  it.each([
    [
      'output.mod',
      'fail',
      'output.mod: unknown field; the fields of output are uri, format and mode (given by --set) Did you mean "mode"?',
    ],
    [
      'output.mode',
      'overwrit',
      'output.mode: expected one of fail or overwrite, found "overwrit" (text) (given by --set) Did you mean "overwrite"?',
    ],
    ['stps[0].filter', 'a', 'stps: the spec has no list "stps" (given by --set) Did you mean "steps"?'],
    ['steps[3].filter', 'a', 'steps[3]: there is no entry 3; steps has the entries 0 to 2 (given by --set)'],
    ['steps.filter', 'a', 'steps: steps is a list; write an index such as steps[0] (given by --set)'],
    ['input[0]', 'a', 'input: input is a mapping; its fields are uri (given by --set)'],
    ['input.uri.x', 'a', 'input.uri: input.uri is "x.csv" (text), not a mapping (given by --set)'],
    [
      'a..b',
      'a',
      'cannot read the path "a..b"; write one such as output.mode or steps[2].sort.limit (given by --set)',
    ],
    [
      '',
      'a',
      'cannot read the path ""; write one such as output.mode or steps[2].sort.limit (given by --set)',
    ],
    [
      '__proto__.x',
      'a',
      'cannot read the path "__proto__.x"; write one such as output.mode or steps[2].sort.limit (given by --set)',
    ],
    [
      'steps[2].sort.limit',
      'many',
      'steps[2].sort.limit: expected a whole number of rows, found "many" (text) (given by --set)',
    ],
  ])('rejects %s=%s', (path, value, expected) => {
    expect(problemsOf([path, value])).toEqual([expected]);
  });

  it('never reaches the prototype of an object', () => {
    expect(problemsOf(['constructor.prototype.polluted', '1'])).toHaveLength(1);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
