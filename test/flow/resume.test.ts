/**
 * Law: a job that failed can be resumed with profit. What functions rejected runs again, what was asked for is part
 * of the job's state, and a job that cannot go on ends, frees its output, and says so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Outcome } from '../../functions/contract/outcome.ts';
import { Plan } from '../../functions/contract/plan.ts';
import { runDaybreak, type Started, startDaybreak, until } from './daybreak-process.ts';
import {
  busySteps,
  judgeOutput,
  listTree,
  outputRows,
  query,
  type SpecText,
  writeSpec,
} from './job-folder.ts';

let folder: string;
const started: Started[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-resume-'));
});
afterEach(async () => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const daybreak = (...args: readonly string[]) => runDaybreak(args, { cwd: folder });
const state = <T>(file: string, schema: { readonly parse: (json: unknown) => T }): T =>
  schema.parse(JSON.parse(readFileSync(join(folder, '.daybreak/jobs/one', file), 'utf8')));
const out = (): string => join(folder, 'out');

const ROWS = 1000;
const TASKS = ['--map-tasks', '4'] as const;

/** A service that does not know the last quarter of the rows while the file `down` is there. */
const SERVICE = `
import { existsSync } from 'node:fs';
import { appendFileSync } from 'node:fs';
export default ({ n }) => {
  if (n >= 750n && existsSync('down')) throw new RangeError('no answer for customer ' + n);
  appendFileSync('asked', '.');
  return { n };
};
`;

const writeJob = async (more: SpecText): Promise<void> => {
  await writeFile(join(folder, 'service.mjs'), SERVICE);
  const lines = Array.from({ length: ROWS }, (_, n) => String(n).padStart(6, '0'));
  await writeFile(join(folder, 'input.csv'), `n\n${lines.join('\n')}\n`);
  await writeSpec(folder, {
    input: { uri: 'input.csv', csv: { types: { n: 'BIGINT' } } },
    steps: [{ map: { module: 'service.mjs', output: { n: 'BIGINT' } } }],
    output: { uri: 'out' },
    ...more,
  });
};
const asked = (): number =>
  existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked')).length : 0;

describe('a job that too many rejects of a module have ended', () => {
  const failByOutage = async (): Promise<void> => {
    await writeJob({ errors: { max_rejects: '10%' } });
    await writeFile(join(folder, 'down'), '');
    const ended = await daybreak('run', 'spec.yaml', '--id', 'one', ...TASKS);
    expect(ended.exitCode, ended.stderr).toBe(3);
    expect(ended.stderr).toMatch(
      /250 of 1000 input rows were rejected, and errors\.max_rejects is 10%; 250 module error; the first: steps\[0\] map, row \d+ of its task, service\.mjs:5:\d+: module error \(RangeError\); they are kept in .*\.parquet/,
    );
  };

  it('runs again what was rejected and nothing else, until the service answers', async () => {
    await failByOutage();
    expect((await daybreak('resume', 'one')).exitCode).toBe(3);
    const before = asked();
    await rm(join(folder, 'down'));
    const resumed = await daybreak('resume', 'one');
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(asked() - before).toBeLessThan(ROWS);
    expect(judgeOutput(out())?.counts.rejected).toBe(0);
    expect(await outputRows(out())).toEqual(await query(`SELECT n FROM range(${ROWS}) t(n) ORDER BY ALL`));
  });

  it('publishes what there is under a higher limit, which the state keeps', async () => {
    await failByOutage();
    const before = asked();
    const resumed = await daybreak('resume', 'one', '--max-rejects', '30%');
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(asked()).toBe(before);
    expect(judgeOutput(out())?.counts).toMatchObject({ written: 750, rejected: 250 });
    expect(state('0001/plan.json', Plan).rejectLimit).toEqual({ unit: 'rate', value: 0.1 });
    expect(state('0002/plan.json', Plan).rejectLimit).toEqual({ unit: 'rate', value: 0.3 });
  });

  it('has the limit that was asked for last, also in runs that do not ask', async () => {
    await failByOutage();
    expect((await daybreak('resume', 'one', '--max-rejects', '20%')).exitCode).toBe(3);
    const again = await daybreak('resume', 'one');
    expect(again.stderr).toMatch(/errors\.max_rejects is 20%/);
    expect(state('0003/plan.json', Plan).rejectLimit).toEqual({ unit: 'rate', value: 0.2 });
  });

  it('keeps rows and messages of a task that failed on its first reject, and tells the terminal alone', async () => {
    await writeJob({});
    await writeFile(join(folder, 'down'), '');
    const ended = await daybreak(
      'run',
      'spec.yaml',
      '--id',
      'one',
      '--map-tasks',
      '1',
      '--reduce-tasks',
      '1',
    );
    expect(ended.exitCode, ended.stderr).toBe(3);
    expect(ended.stderr).toMatch(
      /^steps\[0\] at service\.mjs:5:\d+: RangeError: no answer for customer 750$/m,
    );
    const { failure } = state('0001/outcome.json', Outcome);
    expect(JSON.stringify(failure)).not.toContain('customer');
    const kept = join(folder, '.daybreak', failure?.rejects ?? '');
    expect(failure?.message).toContain(`it is kept in ${kept}`);
    expect(await query(`SELECT step, cause, message, raw FROM read_parquet('${kept}')`)).toEqual([
      { step: 0, cause: 'module_error', message: 'no answer for customer 750', raw: '{"n":"750"}' },
    ]);
    const rows = await query(`SELECT "row"::INTEGER AS row FROM read_parquet('${kept}')`);
    expect(rows).toEqual([{ row: 750 }]);
  });

  it('names the type that was found and the one that was expected, and never the value', async () => {
    await writeJob({});
    await writeFile(join(folder, 'service.mjs'), "export default ({ n }) => ({ n: 'secret ' + n });");
    const { exitCode, stderr } = await daybreak('run', 'spec.yaml', '--id', 'one', ...TASKS);
    expect(exitCode, stderr).toBe(3);
    expect(stderr).toMatch(
      /the first: steps\[0\] map, row 0 of its task, service\.mjs: module output \(column "n": expected BIGINT, found a string\)/,
    );
    expect(stderr).not.toContain('secret');
  });
});

it('names the rows of a file that are bad by their causes, and keeps them', async () => {
  await writeFile(join(folder, 'input.csv'), 'n\n1\nx\n2\ny\n');
  await writeSpec(folder, {
    input: { uri: 'input.csv', csv: { types: { n: 'BIGINT' } } },
    steps: [{ filter: 'n > 0' }],
    output: { uri: 'out' },
  });
  const { exitCode, stderr } = await daybreak('run', 'spec.yaml', '--id', 'one');
  expect(exitCode, stderr).toBe(3);
  expect(stderr).toMatch(/2 input rows were rejected, .*; 2 cast in column "n"; the first: .*input\.csv:3, /);
  const { failure } = state('0001/outcome.json', Outcome);
  const kept = join(folder, '.daybreak', failure?.rejects ?? '');
  expect(await query(`SELECT line::INTEGER AS line, raw FROM read_parquet('${kept}')`)).toEqual([
    { line: 3, raw: 'x' },
    { line: 5, raw: 'y' },
  ]);
});

/** Passes 3 billion rows: minutes, where nothing ends it. */
const LONG = busySteps(1500);
const startLong = async (...args: readonly string[]): Promise<Started> => {
  await writeFile(join(folder, 'one.csv'), 'a\n1\n');
  await writeSpec(folder, { input: { uri: 'one.csv' }, steps: LONG, output: { uri: 'out' } });
  const job = startDaybreak(['run', 'spec.yaml', '--id', 'one', ...args], { cwd: folder });
  started.push(job);
  const running = join(folder, '.daybreak/jobs/one/0001/running');
  await until(() => existsSync(running) && readdirSync(running).length > 0, 'the job to run');
  return job;
};
const killLong = async (...args: readonly string[]): Promise<void> => {
  const { child, ended } = await startLong(...args);
  child.kill('SIGKILL');
  await ended;
};

describe('a job that is at work', () => {
  it('is worked on by a second command with a word about the first, and keeps its limit', async () => {
    await startLong();
    const other = await daybreak('resume', 'one', '--max-rejects', '5');
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toMatch(/the job one is running, and its limit on rejects cannot change meanwhile/);
    const beside = startDaybreak(['resume', 'one'], { cwd: folder });
    started.push(beside);
    const said = new Promise<string>((resolve) => beside.child.stderr?.once('data', resolve));
    expect(await said).toMatch(/^the job one is running already: this command works beside the other one/);
  });
});

describe('a job that was killed', () => {
  it('ends as failed where its input has changed, frees its output, and has a report', async () => {
    await killLong();
    await writeFile(join(folder, 'one.csv'), 'a\n1\n2\n');
    for (const _ of ['once', 'and again']) {
      const { exitCode, stderr } = await daybreak('resume', 'one');
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^InputChangedError: /m);
      expect((await daybreak('status', 'one')).stdout).toMatch(/^job one: failed\n/);
    }
    expect((await daybreak('report', 'one')).stdout).toMatch(/: failed in .*\nInputChangedError: /);
    expect(readdirSync(folder).sort()).toEqual(['.daybreak', 'one.csv', 'spec.yaml']);
  });

  it('has a report once it is cancelled, though no runner was there to write it', async () => {
    await killLong();
    expect((await daybreak('cancel', 'one')).exitCode).toBe(0);
    expect((await daybreak('report', 'one')).stdout).toMatch(/^job one, run 0001: cancelled in /);
  });
});

it('keeps the blocks of a job that was submitted so, whoever goes on with it', async () => {
  await writeJob({
    steps: [{ map: { module: 'service.mjs', output: { n: 'BIGINT' } } }, { repartition: { partitions: 2 } }],
  });
  await writeFile(join(folder, 'down'), '');
  const first = await daybreak('run', 'spec.yaml', '--id', 'one', '--keep-blocks', ...TASKS);
  expect(first.exitCode, first.stderr).toBe(3);
  await rm(join(folder, 'down'));
  expect((await daybreak('resume', 'one')).exitCode).toBe(0);
  const blocks = listTree(join(folder, '.daybreak/b')).filter((name) => name.endsWith('.arrow'));
  expect(blocks.filter((name) => name.includes('/00-map/')).length).toBeGreaterThanOrEqual(4);
});
