/**
 * Law: SIGKILL at any moment, to the runner or to one of its workers, leaves a job of many tasks that gives the rows
 * of an unkilled one: a runner's after `resume`, a worker's in the same run. The output is absent or whole.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Report } from '../../../functions/contract/report.ts';
import { createRandom } from '../../corpus/generate-csv.ts';
import { lastLine, runDaybreak, startDaybreak } from '../daybreak-process.ts';
import { judgeOutput, outputRows, query, writeSpec } from '../job-folder.ts';

const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 1_000_000);
const KILLS = 30;
const ROWS = 40_000;
const JOB = 'killed';
const TASKS = ['--map-tasks', '4', '--reduce-tasks', '3', '--threads', '2'];

/** One in each thirtieth of the time that an unkilled run takes; every fifth is for a worker. */
const random = createRandom(SEED);
const MOMENTS = Array.from({ length: KILLS }, (_, index) => ({
  share: Number(((index + random()) / KILLS).toFixed(3)),
  whom: index % 5 === 4 ? ('a worker' as const) : ('the runner' as const),
}));

let root: string;
let seconds = 0;
let expected: Awaited<ReturnType<typeof outputRows>>;
let reference: Report;
const tally = new Map<string, number>();

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(root, 'kill-'));
  await writeSpec(folder, {
    input: { uri: join(root, 'input.csv') },
    steps: [
      { filter: 'v % 7 <> 0' },
      { group_by: { keys: ['k', 'x'], aggregates: { n: 'count(*)', s: 'sum(v)' } } },
      { group_by: { keys: ['x'], aggregates: { groups: 'count(*)', n: 'sum(n)', middle: 'median(s)' } } },
    ],
    output: { uri: 'out', format: 'parquet' },
  });
  return folder;
};

const start = (folder: string) =>
  startDaybreak(['run', 'spec.yaml', '--id', JOB, '--json', ...TASKS], { cwd: folder });

beforeAll(async () => {
  console.log(`kills from seed ${SEED}`);
  root = await mkdtemp(join(tmpdir(), 'daybreak-kills-'));
  await mkdir(root, { recursive: true });
  await query(
    `COPY (SELECT i AS v, i % 997 AS k, 'x' || i % 13 AS x FROM range(${ROWS}) t(i)) TO '${root}/input.csv'`,
  );
  const folder = await newFolder();
  const ended = await start(folder).ended;
  expect(ended.exitCode, ended.stderr).toBe(0);
  ({ seconds } = ended);
  reference = Report.parse(lastLine(ended));
  expected = await outputRows(join(folder, 'out'));
  expect(expected).toHaveLength(13);
  console.log(`an unkilled run: ${seconds.toFixed(2)} s`);
});
afterAll(async () => {
  console.log(`what became of the kills: ${JSON.stringify(Object.fromEntries(tally))}`);
  await rm(root, { recursive: true, force: true });
});

const childrenOf = (pid: number): readonly number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    // The process has ended: then there is nobody to kill.
    return [];
  }
};

/** Kills in a new folder; where the job had ended before, again, by the time that it really took. */
const killAt = async ({ share, whom }: (typeof MOMENTS)[number]) => {
  for (;;) {
    const folder = await newFolder();
    const { child, ended } = start(folder);
    const startedAt = performance.now();
    const endsAt = startedAt + share * seconds * 1000;
    while (performance.now() < endsAt && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 2));
    const victim = whom === 'the runner' ? child.pid : childrenOf(child.pid ?? 0)[0];
    // Outside of its stages a runner has no workers: then there is nobody to kill, and it goes on.
    if (victim !== undefined && child.exitCode === null) process.kill(victim, 'SIGKILL');
    const result = await ended;
    if (whom === 'a worker' || result.signal !== null) return { folder, ended: result };
    seconds = Math.min(seconds, result.seconds) * 0.95;
    await rm(folder, { recursive: true });
  }
};

const stagesOf = ({ stages }: Report) => stages.map(({ stage, tasks, counts }) => ({ stage, tasks, counts }));

describe('a job of many tasks in worker processes', () => {
  it.each(MOMENTS)('gives the same rows after a kill of $whom at $share', async (moment) => {
    const killed = await killAt(moment);
    const { folder } = killed;
    let { ended } = killed;
    judgeOutput(join(folder, 'out'));
    const runnerDied = ended.signal !== null;
    const what = `${moment.whom}${existsSync(join(folder, '.daybreak/jobs', JOB, 'job.json')) ? '' : ', not submitted yet'}`;
    tally.set(what, (tally.get(what) ?? 0) + 1);
    if (runnerDied) {
      const isSubmitted = existsSync(join(folder, '.daybreak/jobs', JOB, 'job.json'));
      ended = isSubmitted
        ? await runDaybreak(['resume', JOB, '--json', '--threads', '2'], { cwd: folder })
        : await start(folder).ended;
    }
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(await outputRows(join(folder, 'out'))).toEqual(expected);
    const report = Report.parse(lastLine(ended));
    expect(report).toMatchObject({ outcome: 'published', run: '0001', rows: reference.rows });
    expect(stagesOf(report)).toEqual(stagesOf(reference));
    judgeOutput(join(folder, 'out'));
    await rm(folder, { recursive: true });
  });
});
