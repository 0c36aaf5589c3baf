import { describe, expect, it } from 'vitest';
import { SpecError } from '../../functions/contract/errors.ts';
import { job } from '../../functions/core/job-builder.ts';
import { parseSpec } from '../../functions/io/spec/parse-spec.ts';

const parse = (text: string) => parseSpec(text, { file: 'job.yaml' });

describe('job', () => {
  it('builds the spec that the same YAML gives', () => {
    const built = job('top-teams', {
      deadline: '6h',
      budget: '20 USD',
      errors: { max_rejects: '1%' },
      seed: 3,
    })
      .read(['a/*.csv', 'b/'], { format: 'csv', csv: { delim: ';' }, schema: 'union' })
      .filter('created_at >= DATE $$2026-01-01$$')
      .select({ id: 'id', team: 'team', tags: 'tags' })
      .extend({ one: 1, flag: true })
      .unnest('tags')
      .repartition({ partitions: 4 })
      .map({ module: 'm.ts', output: { team: 'VARCHAR', id: 'BIGINT' } })
      .flatMap({ module: 'm.ts', output: { team: 'VARCHAR', text: 'VARCHAR' } })
      .mapBatches({ module: 'm.ts', output: { team: 'VARCHAR', text: 'VARCHAR' } })
      .infer({ model: 'm', prompt: '{{ text }}', output: 'theme' })
      .groupBy(['team', 'theme'], { n: 'count(*)' })
      .distinct()
      .distinct(['team', 'n'])
      .mapGroups(['team'], { module: 'm.ts', output: { team: 'VARCHAR', best: 'BIGINT' } })
      .sort({ by: 'best DESC', limit: 5 })
      .write('out/', { format: 'jsonl', mode: 'overwrite' })
      .toSpec();
    expect(built).toEqual(
      parse(`
name: top-teams
input: { uri: [a/*.csv, b/], format: csv, csv: { delim: ";" }, schema: union }
steps:
  - filter: created_at >= DATE $$2026-01-01$$
  - select: { id: id, team: team, tags: tags }
  - extend: { one: 1, flag: true }
  - unnest: tags
  - repartition: { partitions: 4 }
  - map: { module: m.ts, output: { team: VARCHAR, id: BIGINT } }
  - flat_map: { module: m.ts, output: { team: VARCHAR, text: VARCHAR } }
  - map_batches: { module: m.ts, output: { team: VARCHAR, text: VARCHAR } }
  - infer: { model: m, prompt: "{{ text }}", output: theme }
  - group_by: { keys: [team, theme], aggregates: { n: count(*) } }
  - distinct: true
  - distinct: [team, n]
  - group_by: { keys: [team], map_groups: { module: m.ts, output: { team: VARCHAR, best: BIGINT } } }
  - sort: { by: best DESC, limit: 5 }
output: { uri: out/, format: jsonl, mode: overwrite }
deadline: 6h
budget: 20 USD
errors: { max_rejects: 1% }
seed: 3
`),
    );
  });

  it('leaves the job it began from as it was', () => {
    const base = job('a').read('x.csv').filter('a > 1');
    base.filter('b > 1');
    expect(base.write('o/').toSpec().steps).toEqual([{ filter: 'a > 1' }]);
  });

  it('rejects a spec with every problem', () => {
    const build = () => job('My Job').read('x.csv').filter('').sort({ by: [], limit: 0 }).write('').toSpec();
    expect(build).toThrow(SpecError);
    expect(build).toThrow(
      /5 problems[\s\S]*name:[\s\S]*output.uri:[\s\S]*steps\[0\].filter:[\s\S]*steps\[1\].sort.by:/,
    );
  });

  it('rejects a name that JavaScript would drop', () => {
    const build = () =>
      job('a').read('x.csv').select(JSON.parse('{"__proto__": "a", "b": "b"}')).write('o/').toSpec();
    expect(build).toThrow('steps[0].select: the name "__proto__" cannot be used');
  });

  it('rejects a column that the type does not have', () => {
    const steps = job('a').read('x.csv').select({ team: 'team', id: 'id' });
    // @ts-expect-error: after this select there is no column "teem".
    steps.groupBy(['teem'], { n: 'count(*)' });
    // @ts-expect-error: after this group_by there is no column "id".
    steps.groupBy(['team'], { n: 'count(*)' }).distinct(['id']);
    expect(
      steps.groupBy(['team'], { n: 'count(*)' }).distinct(['n']).write('o/').toSpec().steps,
    ).toHaveLength(3);
  });
});
