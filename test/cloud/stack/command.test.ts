/**
 * Law: the built command says of a job in the deployed stack, word for word, what it says of the same job run on one
 * machine: submit, watch, status, report, jobs, cancel and resume, for jobs that end well, badly and not at all.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../../functions/contract/failures.ts';
import { type Ended, runDaybreak, startDaybreak } from '../../flow/daybreak-process.ts';
import type { SpecText } from '../../flow/job-folder.ts';
import { COUNT, countedSpec, putNumbers, requireCounted } from './counted.ts';
import { openStack, type Stack } from './open-stack.ts';
import { daybreakThere } from './stack-command.ts';

const TASKS = ['--map-tasks', '2', '--reduce-tasks', '2'] as const;
/** Where none is done while it is looked at: of two, one may have no row. */
const ONE_TASK = ['--map-tasks', '1', '--reduce-tasks', '2'] as const;
const FAILS: SpecText = { steps: [{ extend: { w: "CAST('x' || v AS INTEGER)" } }] };
/** Each row takes 100 ms until the gate is there: thousands last longer than any look at the job. */
const waitsFor = (gate: string): string => `
import { existsSync } from 'node:fs';
export default async (row) => {
  if (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 100));
  return row;
};
`;
const SLOW: SpecText = {
  steps: [{ map: { module: './slow.js', output: { v: 'BIGINT', k: 'BIGINT' }, concurrency: 1 } }, COUNT],
};

let stack: Stack;
let folder: string;

const there = (...args: string[]): Promise<Ended> => daybreakThere(stack.facts, args, { cwd: folder });
const here = (...args: string[]): Promise<Ended> => runDaybreak(args, { cwd: folder, limitSeconds: 170 });

const writeBoth = async (name: string, more: SpecText = {}) => {
  const spec = countedSpec(stack, name, more);
  const output = path.join(folder, 'results', name);
  const local = { ...spec, input: { uri: 'counted.csv' }, output: { uri: output } };
  const files = {
    there: path.join(folder, `${name}-there.json`),
    here: path.join(folder, `${name}-here.json`),
  };
  await writeFile(files.there, JSON.stringify(spec));
  await writeFile(files.here, JSON.stringify(local));
  return files;
};

/** What is said without what differs from run to run: addresses, instants, durations, where the stack is. */
const wordsOf = ({ exitCode, stdout, stderr }: Ended) => {
  const plain = (text: string): readonly string[] =>
    text
      .replaceAll(/ --stack \S+ --endpoint [^\s`]+/g, '')
      .replaceAll(/(?:s3:\/\/[^/\s]+|[^\s"]+)\/results\/([\w-]+)\/?/g, 'RESULTS/$1')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+Z)?/g, 'INSTANT')
      .replaceAll(/"seconds":[\d.]+/g, '"seconds":N')
      .replaceAll(/\b[\d.]+ (?:ms|s|min)\b/g, 'DURATION')
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ').trimEnd())
      // The last column of a table of stages is how long each took.
      .map((line) => line.replace(/^( ?\d\d-[a-z]+ .*) [\d.]+$/, '$1 SECONDS'));
  return { exitCode, stdout: plain(stdout), stderr: plain(stderr) };
};

const requireSameWords = async (...args: string[]): Promise<Ended> => {
  const [far, near] = await Promise.all([there(...args), here(...args)]);
  expect(wordsOf(far), args.join(' ')).toEqual(wordsOf(near));
  return far;
};

beforeAll(async () => {
  stack = await openStack();
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-command-there-'));
  await putNumbers(stack);
  await writeFile(path.join(folder, 'counted.csv'), await stack.getData('in/counted.csv'));
});
afterAll(async () => {
  stack.close();
  await rm(folder, { recursive: true, force: true });
});

/** All that looks at a job, in both places. */
const requireSameTale = async (id: string): Promise<void> => {
  for (const command of ['status', 'report', 'watch', 'cancel']) await requireSameWords(command, id);
  for (const command of ['status', 'report']) await requireSameWords(command, id, '--json');
  const [far, near] = await Promise.all([there('jobs'), here('jobs')]);
  const lineOf = (ended: Ended) => wordsOf(ended).stdout.filter((line) => line.startsWith(`${id} `));
  expect(lineOf(far)).toEqual(lineOf(near));
  expect(lineOf(far)).toHaveLength(1);
};

const requireMapping = async (command: typeof there, id: string): Promise<void> => {
  await stack.waitUntil('a running map', async () => {
    const { stdout } = await command('status', id);
    return stdout.includes('running') && stdout.includes('00-map') ? stdout : undefined;
  });
};

describe('the command', () => {
  it('says the same of a job that is published', async () => {
    const id = 'words-published';
    const files = await writeBoth(id);
    const [far, near] = await Promise.all([
      there('submit', files.there, '--id', id, '--wait', ...TASKS),
      here('run', files.here, '--id', id, ...TASKS),
    ]);
    expect(far.exitCode, far.stderr).toBe(EXIT_CODES.done);
    expect(wordsOf(far).stdout).toEqual(wordsOf(near).stdout);
    await requireCounted(stack, id);
    await requireSameTale(id);
    await requireSameWords('resume', id);
    const pages = ['there', 'here'].map((where) => path.join(folder, `${where}.html`)) as [string, string];
    await there('report', id, '--html', pages[0]);
    await here('report', id, '--html', pages[1]);
    const [farPage, nearPage] = await Promise.all(pages.map((page) => readFile(page, 'utf8')));
    expect(farPage?.length).toBeGreaterThan(0.9 * (nearPage?.length ?? 0));
  });

  it('says the same of a job that fails', async () => {
    const id = 'words-failed';
    const files = await writeBoth(id, FAILS);
    const [far, near] = await Promise.all([
      there('submit', files.there, '--id', id, '--wait', ...TASKS),
      here('run', files.here, '--id', id, ...TASKS),
    ]);
    expect([far.exitCode, near.exitCode]).toEqual([EXIT_CODES.failed, EXIT_CODES.failed]);
    expect(far.stderr).toMatch(/^QueryError: /m);
    await requireSameTale(id);
  });

  it('says the same of a job that is cancelled, and goes on with it', async () => {
    const id = 'words-cancelled';
    const gate = path.join(folder, 'gate');
    await writeFile(path.join(folder, 'slow.js'), waitsFor(gate));
    const files = await writeBoth(id, SLOW);
    const local = startDaybreak(['run', files.here, '--id', id, ...ONE_TASK], {
      cwd: folder,
      limitSeconds: 170,
    });
    const remote = there('submit', files.there, '--id', id, '--wait', ...ONE_TASK);
    await Promise.all([requireMapping(there, id), requireMapping(here, id)]);
    await requireSameWords('status', id);
    const cancelled = await requireSameWords('cancel', id);
    expect(cancelled.stdout).toMatch(
      /^job words-cancelled is cancelled; `daybreak resume words-cancelled --stack /,
    );
    const [far, near] = await Promise.all([remote, local.ended]);
    expect([far.exitCode, near.exitCode]).toEqual([EXIT_CODES.cancelled, EXIT_CODES.cancelled]);
    await stack.execution(`${id}-0001-1`);
    await requireSameTale(id);
    await writeFile(gate, '');
    await Promise.all([there('resume', id, '--wait'), here('resume', id)]);
    await requireCounted(stack, id);
    await requireSameWords('status', id);
  });

  it('says the same of what is not there, and of a spec that is none', async () => {
    for (const command of ['status', 'report', 'watch', 'cancel', 'resume'])
      expect((await requireSameWords(command, 'words-nobody')).exitCode).toBe(EXIT_CODES.refused);
    const file = path.join(folder, 'bad.yaml');
    await writeFile(file, 'name: Bad Name\ninput: {}\noutptu: 1\n');
    const [far, near] = await Promise.all([there('submit', file), here('run', file)]);
    expect(far.exitCode).toBe(EXIT_CODES.refused);
    expect(wordsOf(far)).toEqual(wordsOf(near));
  });
});
