import { expect, it } from 'vitest';
import { modulesOf } from '../../functions/core/modules-of.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';

it('finds a module in every step that may name one, with its place', () => {
  const use = (module: string) => ({ module, output: { a: 'INTEGER' } });
  const spec = {
    name: 'a',
    input: { uri: 'a.csv' },
    steps: [
      { map: use('1.ts') },
      { filter: 'a > 1' },
      { flat_map: use('2.ts') },
      { map_batches: use('3.ts') },
      { group_by: { keys: ['a'], map_groups: use('4.ts') } },
      { group_by: { keys: ['a'], aggregates: { n: 'count(*)' } } },
    ],
    output: { uri: 'out' },
  };
  const found = modulesOf(parseSpec(JSON.stringify(spec), { file: 'spec.json' }));
  expect(found.map(({ path, use: { module } }) => [path, module])).toEqual([
    ['steps[0].map.module', '1.ts'],
    ['steps[2].flat_map.module', '2.ts'],
    ['steps[3].map_batches.module', '3.ts'],
    ['steps[4].group_by.map_groups.module', '4.ts'],
  ]);
});
