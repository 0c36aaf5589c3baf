import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listCommits } from '../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { readOutcome } from '../../functions/io/put-outcome.ts';
import type { Told } from './commit-race-child.ts';

const PROCESSES = 5;
const TASKS = 30;
const ATTEMPTS = 4;
/** The Node of the project, which runs TypeScript; the one that runs vitest may be older. */
const execPath = new URL('../../node_modules/.bin/node', import.meta.url).pathname;
const script = new URL('./commit-race-child.ts', import.meta.url).pathname;

let root: string;
const racers: ChildProcess[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-race-'));
});
afterEach(async () => {
  for (const racer of racers.splice(0)) racer.kill();
  await rm(root, { recursive: true });
});

/** The next message of a racer; fails where it ends instead. */
const nextMessage = async (racer: ChildProcess): Promise<unknown> => {
  const ended = once(racer, 'exit').then(([code]) => Promise.reject(new Error(`a racer ended with ${code}`)));
  const [message] = await Promise.race([once(racer, 'message'), ended]);
  return message;
};

it('chooses exactly one attempt of each task and one outcome among processes, and all agree', async () => {
  for (let racer = 0; racer < PROCESSES; racer += 1) {
    racers.push(fork(script, [root, `${racer}`, `${TASKS}`, `${ATTEMPTS}`], { execPath, execArgv: [] }));
  }
  await Promise.all(racers.map(nextMessage));
  const told = (await Promise.all(
    racers.map((racer) => {
      const message = nextMessage(racer);
      racer.send('go');
      return message;
    }),
  )) as Told[];

  const store = await openFileStore(root);
  const commits = await listCommits(store, { job: 'themes', run: '0001', stage: '00-map' });
  expect(commits).toHaveLength(TASKS);
  for (const [task, { attempt }] of commits.entries()) {
    expect(new Set(told.flatMap(({ chosen }) => chosen[task] ?? []))).toEqual(new Set([attempt]));
  }
  expect(told.reduce((mine, each) => mine + each.mine, 0)).toBe(TASKS);
  const outcome = await readOutcome(store, { job: 'themes', run: '0001' });
  expect(new Set(told.map(({ outcome: kind }) => kind))).toEqual(new Set([outcome?.kind]));
  expect(await readdir(join(root, '.staging'))).toEqual([]);
});
