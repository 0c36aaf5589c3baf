/** Laws of a task as a whole job shows them: what fails it, what it judges, and that a failed job leaves no output. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Outcome } from '../../functions/contract/outcome.ts';
import type { Report } from '../../functions/contract/report.ts';
import { outputRows } from '../flow/job-folder.ts';
import { runInProcess } from '../flow/run-in-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-task-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Given = {
  readonly text: string;
  readonly format?: 'csv' | 'jsonl';
  readonly steps?: readonly Readonly<Record<string, unknown>>[];
  readonly maxRejects?: number | string;
};

const COLUMNS = { a: 'BIGINT', b: 'BIGINT' };
const DIALECT = { header: true, delim: ',', quote: '"', escape: '"', columns: COLUMNS };

let jobs = 0;
const outputOf = (id: string): string => join(folder, id, 'output');

const run = async (given: Given, id = `job-${jobs++}`): Promise<Report> => {
  const format = given.format ?? 'csv';
  const uri = join(folder, `${id}.${format}`);
  await writeFile(uri, given.text);
  return runInProcess({
    id,
    workdir: join(folder, 'work'),
    spec: {
      name: 'task',
      input: { uri, format, ...(format === 'csv' ? { csv: DIALECT } : { jsonl: { columns: COLUMNS } }) },
      steps: given.steps ?? [],
      output: { uri: outputOf(id) },
      errors: { max_rejects: given.maxRejects ?? 0 },
    },
  });
};

const CSV = 'a,b\n1,2\n3,4\n5,6\n';

describe('a value that an expression cannot compute', () => {
  const HUGE = '170141183460469231731687303715884105727';
  it.each([
    ['a HUGEINT beyond DECIMAL(38,0)', `CAST('${HUGE}' AS HUGEINT) - a`, /to DECIMAL\(38,0\)/],
    ['a HUGEINT beyond DECIMAL(38,0) in a list', `[CAST('${HUGE}' AS HUGEINT) - a]`, /to DECIMAL\(38,0\)/],
    ['an overflow', 'a + 9223372036854775807', /Overflow|Out of Range/],
    ['a text that is no number', "CAST('secret' || a AS BIGINT)", /Could not convert/],
  ])('fails the job as QueryError, and publishes nothing: %s', async (_, x, message) => {
    const id = `query-${jobs++}`;
    const failing = run({ text: CSV, steps: [{ select: { x } }] }, id);
    await expect(failing).rejects.toMatchObject({
      name: 'QueryError',
      message: expect.stringMatching(message),
    });
    await expect(failing).rejects.not.toThrow(/secret|170141/);
    expect(existsSync(outputOf(id))).toBe(false);
    const outcome = await readFile(join(folder, 'work/jobs', id, '0001/outcome.json'), 'utf8');
    expect(Outcome.parse(JSON.parse(outcome))).toMatchObject({
      kind: 'failed',
      failure: { name: 'QueryError' },
    });
  });

  it('fails nothing where no later step needs it', async () => {
    const steps = [
      { select: { a: 'a', x: 'a + 9223372036854775807' } },
      { group_by: { keys: ['a'], aggregates: { n: 'count(*)' } } },
    ];
    expect((await run({ text: CSV, steps })).rows).toEqual({ read: 3, written: 3, rejected: 0 });
  });
});

const BAD = {
  csv: { text: 'a,b\n1,2\n3,x\n5,6\n', format: 'csv' },
  jsonl: { text: '{"a":1,"b":2}\n{"a":3,"b":"x"}\n{"a":5,"b":6}\n', format: 'jsonl' },
} as const;
const KEPT = [
  { a: '1', b: '2' },
  { a: '5', b: '6' },
];

describe.each(['csv', 'jsonl'] as const)('a bad row of %s', (format) => {
  it('fails the job at the first, where none is allowed', async () => {
    await expect(run(BAD[format])).rejects.toMatchObject({
      name: 'TooManyRejectsError',
      message: expect.stringMatching(/1 input row was rejected.*max_rejects is 0.*column "b"/s),
    });
  });

  it.each([1, '34%'])(
    'is kept as a reject within the limit of %s, the others are published',
    async (maxRejects) => {
      const report = await run({ ...BAD[format], maxRejects });
      expect(report.rows).toEqual({ read: 3, written: 2, rejected: 1 });
      expect(await outputRows(report.output.uri)).toEqual(KEPT);
      expect(existsSync(join(report.output.uri, '_rejects'))).toBe(true);
    },
  );

  it('fails at seal above a rate', async () => {
    await expect(run({ ...BAD[format], maxRejects: '33%' })).rejects.toMatchObject({
      name: 'TooManyRejectsError',
      message: expect.stringContaining('33%'),
    });
  });

  it.each([0, 1])('is no reject where no step needs its column, with max_rejects %i', async (maxRejects) => {
    const steps = [
      { select: { a: 'a', b: 'b' } },
      { group_by: { keys: ['a'], aggregates: { n: 'count(*)', m: 'max(b)' } } },
      { select: { n: 'n' } },
    ];
    const report = await run({ ...BAD[format], steps, maxRejects });
    expect(report.rows).toEqual({ read: 3, written: 3, rejected: 0 });
  });

  it('counts among the rows read, beside what the steps drop and fold', async () => {
    const steps = [{ filter: 'a > 1' }, { group_by: { keys: [], aggregates: { s: 'sum(b)' } } }];
    const { stages } = await run({ ...BAD[format], steps, maxRejects: 1 });
    expect(stages[0]?.counts).toMatchObject({ read: 3, rejected: 1, dropped: 1, folded: 0, written: 1 });
  });
});

describe('rows of which nothing but their number counts', () => {
  it.each(['csv', 'jsonl'] as const)('are counted, also from %s', async (format) => {
    const text = format === 'csv' ? CSV : '{"a":1}\n{"a":2}\n{"a":3}\n';
    const steps = [{ group_by: { keys: [], aggregates: { n: 'count(*)' } } }];
    const report = await run({ text, format, steps });
    expect(await outputRows(report.output.uri)).toEqual([{ n: '3' }]);
  });

  it('are published as many as there are', async () => {
    const report = await run({ text: CSV, steps: [{ select: { x: "'k'" } }] });
    expect(await outputRows(report.output.uri)).toEqual([{ x: 'k' }, { x: 'k' }, { x: 'k' }]);
  });
});
