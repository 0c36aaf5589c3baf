import { describe, expect, it } from 'vitest';
import { findMissingFeatures, MISSING_FEATURE_NAMES } from '../../functions/contract/spec-features.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';

const find = (text: string) =>
  findMissingFeatures(parseSpec(text, { file: 'job.yaml' })).map(
    ({ path, message }) => `${path}: ${message}`,
  );
const head = (input = '{uri: x.csv}', output = '{uri: o/}') =>
  `name: a\ninput: ${input}\noutput: ${output}\n`;
const step = (text: string) => `${head()}steps:\n- filter: a\n- ${text}\n`;
const MODULE = '{module: m.ts, output: {a: INT}}';

/** One use of each row of the table. */
const USES: readonly (readonly [feature: string, text: string, expected: string])[] = [
  ['map', step(`map: ${MODULE}`), 'steps[1].map: the step map is not there yet in this version'],
  [
    'flat_map',
    step(`flat_map: ${MODULE}`),
    'steps[1].flat_map: the step flat_map is not there yet in this version',
  ],
  [
    'map_batches',
    step(`map_batches: ${MODULE}`),
    'steps[1].map_batches: the step map_batches is not there yet in this version',
  ],
  [
    'map_groups',
    step(`group_by: {map_groups: ${MODULE}}`),
    'steps[1].group_by: group_by with map_groups is not there yet in this version',
  ],
  [
    'infer',
    step('infer: {model: m, prompt: p, output: o}'),
    'steps[1].infer: the step infer is not there yet in this version',
  ],
  [
    'arrow output',
    head(undefined, '{uri: o, format: arrow}'),
    'output.format: the output format arrow is not there yet in this version',
  ],
  [
    's3',
    head('{uri: [s3://b/x, s3://b/y]}', '{uri: s3://b/o}'),
    'output.uri: an s3:// address as the output of a local run is not there yet in this version',
  ],
  [
    'on_deadline',
    `${head()}deadline: 6h\non_deadline: scale\n`,
    'on_deadline: on_deadline: scale is not there yet in this version',
  ],
  ['budget', `${head()}budget: 5 USD\n`, 'budget: a budget is not there yet in this version'],
];

describe('findMissingFeatures', () => {
  const uses = USES.filter(([feature]) => MISSING_FEATURE_NAMES.includes(feature));

  it('has a use here for every row of the table', () => {
    expect(MISSING_FEATURE_NAMES.filter((name) => !USES.some(([feature]) => feature === name))).toEqual([]);
  });

  it.each(uses)('names %s', (_feature, text, expected) => {
    expect(find(text)).toEqual([expected]);
  });

  it('finds nothing in a job of SQL steps', () => {
    const text = `${head()}steps:
- filter: a
- select: {a: a}
- extend: {b: a}
- unnest: a
- group_by: {keys: [a], aggregates: {n: count(*)}}
- distinct: true
- repartition: {partitions: 2}
- sort: {by: n, limit: 5}
deadline: 6h
`;
    expect(find(text)).toEqual([]);
  });
});
