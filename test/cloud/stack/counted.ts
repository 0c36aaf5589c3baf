/** A small job for the tests of the stack whose rows anybody can judge: how many numbers there are of each key. */
import { expect } from 'vitest';
import { type JobState, listJobs } from '../../../functions/stages/read-job-state.ts';
import { outputRows, query, type SpecText } from '../../flow/job-folder.ts';
import type { Stack } from './open-stack.ts';

export const ROWS = 4_000;
export const KEYS = 37;
const INPUT = 'in/counted.csv';

/** Where inboxes and API keys may read. */
export const putNumbers = (stack: Stack): Promise<void> => {
  const rows = Array.from({ length: ROWS }, (_, v) => `${v},${v % KEYS}`);
  return stack.putData(INPUT, `v,k\n${rows.join('\n')}\n`);
};

export const COUNT: SpecText = { group_by: { keys: ['k'], aggregates: { n: 'count(*)', m: 'median(v)' } } };

/** Of a module beside the spec, which doubles each number: bundled already, as a form brings it. */
export const DOUBLE: SpecText = { map: { module: './double.js', output: { v: 'BIGINT', k: 'BIGINT' } } };
export const DOUBLE_MODULE = 'export default ({ v, k }) => ({ v: 2n * v, k });\n';

/** The output lies under the name. */
export const countedSpec = (stack: Stack, name: string, more: SpecText = {}): SpecText => ({
  name,
  input: { uri: `s3://${stack.data}/${INPUT}` },
  steps: [COUNT],
  output: { uri: `s3://${stack.data}/results/${name}/` },
  ...more,
});

/** That the job has been published, and that its rows are those of SQL over the numbers times `factor`. */
export const requireCounted = async (stack: Stack, job: string, factor = 1): Promise<JobState> => {
  const state = await stack.waitFor(job);
  expect(state.outcome?.failure ?? state.report?.failure).toBeUndefined();
  expect(state).toMatchObject({ word: 'published', report: { rows: { read: ROWS, written: KEYS } } });
  const found = await stack.withOutput(state.job.spec.output.uri, async (folder, manifest) => {
    expect(manifest).toMatchObject({ job, rows: KEYS });
    return outputRows(folder);
  });
  expect(found).toEqual(
    await query(`SELECT v % ${KEYS} AS k, count(*) AS n, median(${factor} * v) AS m
                 FROM range(${ROWS}) t(v) GROUP BY ALL ORDER BY ALL`),
  );
  return state;
};

/** The ids of the jobs of a name that were given none. */
export const jobsNamed = async ({ store }: Stack, name: string): Promise<readonly string[]> =>
  (await listJobs(store)).filter((job) => job.startsWith(`${name}-`));
