import { describe, expect, it } from 'vitest';
import { UserModule } from '../../functions/contract/spec-values.ts';
import { bindModuleStep, type ModuleToBind } from '../../functions/stages/bind-module-step.ts';
import { withModuleBench } from '../io/modules/module-bench.ts';

const COLUMNS = [
  { name: 'Id', type: 'BIGINT' },
  { name: 'text', type: 'VARCHAR' },
  { name: 'big', type: 'BIGNUM' },
];

const bind = (given: Record<string, unknown>, more: Partial<ModuleToBind> = {}) =>
  withModuleBench(({ connection }) =>
    bindModuleStep(connection, {
      kind: 'map',
      step: 2,
      path: ['steps', 2, 'map'],
      given: UserModule.parse({ module: 'a.ts', columns: ['id', 'text'], ...given }),
      columns: COLUMNS,
      ...more,
    }),
  );

describe('bindModuleStep', () => {
  it("finds the columns whatever their case, gives types the engine's names, and fills in the rest", async () => {
    const { step, problems } = await bind({
      output: { n: 'int', d: 'decimal(10, 2)', l: 'text[]', s: 'struct(a int, "b c" timestamptz)' },
    });
    expect(problems).toEqual([]);
    expect(step).toEqual({
      kind: 'map',
      step: 2,
      input: [
        { name: 'id', type: 'BIGINT' },
        { name: 'text', type: 'VARCHAR' },
      ],
      columns: [
        { name: 'n', type: 'INTEGER' },
        { name: 'd', type: 'DECIMAL(10,2)' },
        { name: 'l', type: 'VARCHAR[]' },
        { name: 's', type: 'STRUCT(a INTEGER, "b c" TIMESTAMP WITH TIME ZONE)' },
      ],
      keys: [],
      batchRows: 2048,
      concurrency: 16,
      timeoutSeconds: 300,
    });
  });

  it('takes what the spec says of batches, concurrency and time', async () => {
    const given = { output: { n: 'INT' }, batch_rows: 7, concurrency: 3, timeout: '1m 30s' };
    expect((await bind(given, { kind: 'map_batches' })).step).toMatchObject({
      batchRows: 7,
      concurrency: 3,
      timeoutSeconds: 90,
    });
  });

  it('reports all problems together, each at its place', async () => {
    const { step, problems } = await bind({
      columns: ['txet', 'big'],
      output: { n: 'INTEGR', u: 'UNION(a INTEGER)', q: 'INTEGER) AS x, (SELECT 1', j: 'VARIANT', ok: 'JSON' },
    });
    expect(step).toBeUndefined();
    expect(problems.map(({ path }) => path)).toEqual([
      'steps[2].map.columns[0]',
      'steps[2].map.columns[1]',
      'steps[2].map.output.n',
      'steps[2].map.output.u',
      'steps[2].map.output.q',
      'steps[2].map.output.j',
    ]);
    expect(problems[0]).toMatchObject({
      suggestion: 'text',
      message: 'there is no column txet; the columns here are Id, text, big.',
    });
    expect(problems[1]?.message).toMatch(/the column big is of type BIGNUM, which cannot cross/);
  });

  it('gives all columns where the spec names none', async () => {
    const { step } = await bind(
      { columns: undefined, output: { n: 'INT' } },
      { columns: COLUMNS.slice(0, 2) },
    );
    expect(step?.input).toEqual(COLUMNS.slice(0, 2));
  });
});
