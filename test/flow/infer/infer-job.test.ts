/** Law: a job with a model publishes what plain DuckDB makes of the same rows and the model's answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeOutput, outputRows, query } from '../job-folder.ts';
import { type InProcessJob, runInProcess } from '../run-in-process.ts';
import { fakeEndpoints, fakeEngines, unknownSpeed } from './fake-model.ts';

const ROWS = 1_000;

let root: string;
let input: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-infer-'));
  input = join(root, 'input.parquet');
  await query(
    `COPY (SELECT i AS id, 'text ' || (i * 7919 % 1000) AS body, 'team' || i % 5 AS team FROM range(${ROWS}) t(i)) TO '${input}' (ROW_GROUP_SIZE 2048)`,
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

let jobs = 0;
type Given = Partial<InProcessJob> & { readonly steps: readonly unknown[]; readonly uri?: string };

const run = async ({ steps, uri = input, ...options }: Given) => {
  jobs += 1;
  const output = join(root, `out-${jobs}`);
  const spec = { name: 'infer', input: { uri }, steps, output: { uri: output, format: 'parquet' } };
  const report = await runInProcess({
    id: `infer-${jobs}`,
    workdir: join(root, `work-${jobs}`),
    engines: fakeEngines(),
    endpoints: fakeEndpoints(),
    ...options,
    spec: { ...spec, ...options.spec },
  });
  return { report, output, manifest: judgeOutput(output), rows: await outputRows(output) };
};

const FILTER = { filter: 'id % 3 <> 0' };
const INFER = { infer: { model: 'm', prompt: 'say {{ body }}', output: 'answer' } };
const GROUP = { group_by: { keys: ['team', 'answer'], aggregates: { n: 'count(*)', least: 'min(id)' } } };

/** In one task, and forced into many. */
const PLANS = { one: {}, many: { tasks: { map: 4, reduce: 3 } } } as const;

describe.each(Object.entries(PLANS))('a job with a model, in %s', (_, plan) => {
  it('maps, infers and reduces as DuckDB does', async () => {
    const { rows, report } = await run({ ...plan, steps: [FILTER, INFER, GROUP] });
    const expected = await query(
      `SELECT team, upper('say ' || body) AS answer, count(*) AS n, min(id) AS least FROM '${input}' WHERE id % 3 <> 0 GROUP BY ALL ORDER BY ALL`,
    );
    expect(rows).toEqual(expected);
    expect(report.stages.map(({ kind }) => kind).slice(0, 3)).toEqual(['map', 'infer', 'reduce']);
  });
});

describe('a job that ends in a model', () => {
  it('keeps all columns of the row, with the answer and its figures behind them', async () => {
    const { rows, manifest } = await run({ steps: [INFER] });
    const expected = await query(
      `SELECT id, body, team, upper('say ' || body) AS answer, {'finish_reason': 'stop', 'prompt_tokens': length('say ' || body)::INTEGER, 'output_tokens': length('say ' || body)::INTEGER} AS answer_info FROM '${input}' ORDER BY ALL`,
    );
    expect(rows).toEqual(expected);
    expect(manifest?.parts).toHaveLength(1);
  });
});

describe('a pilot', () => {
  it('is run first where no speed is known, and what waits is cut behind it', async () => {
    const { rows, report } = await run({ steps: [INFER], engines: unknownSpeed() });
    expect(rows).toHaveLength(ROWS);
    expect(report.stages[1]?.tasks).toBeGreaterThan(1);
  });
});
