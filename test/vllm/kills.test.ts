/**
 * Law: whatever of a worker is killed, its tasks that were committed stay, at most two are done again, and every row is
 * answered once. One job takes one kill of each kind, each after the one before is overcome.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Commit } from '../../functions/contract/commit.ts';
import { INFER_LIMITS as LIMITS } from '../../functions/contract/planned-infer.ts';
import { until } from '../flow/daybreak-process.ts';
import { findWorkerProcesses, isAlive, type WorkerProcesses } from './processes.ts';
import { readJobCommits } from './read-job-commits.ts';
import { isConserved, openFolder, startModelJob } from './run-model-job.ts';
import { writeSpeed } from './write-speed.ts';

const { folder, close } = openFolder();
afterAll(close);

const JOB = 'killed';
const STAGE = { job: JOB, run: '0001', stage: '01-infer' };
/** Of SIGTERM, by design section 6; and a second for this test to look. */
const MOST_STOP_SECONDS = 26;
/** Of an engine on a machine that does other things, too. */
const START_MS = 300_000;
/** Five starts of the engine, and their work. */
const LIMIT_SECONDS = 1_800;

const STEP = {
  infer: {
    engine: 'vllm',
    task: 'generate',
    model: 'tiny-random-llama',
    prompt: 'row {{ id }}',
    sampling: { temperature: 0, max_tokens: 64, ignore_eos: true },
    output: 'answer',
  },
};
const rows = Array.from({ length: 2_400 }, (_, id) => ({ id }));

/** The commits that count so far, by task. */
const readCommits = (): ReadonlyMap<string, Commit> =>
  new Map(readJobCommits(folder, STAGE).map((commit) => [commit.task, commit]));

/** The tasks that the worker of this process says it has open: records of killed ones stay for a while. */
const readOpenTasks = (pid: number | undefined): readonly string[] => {
  const running = path.join(folder, '.daybreak', 'jobs', JOB, STAGE.run, 'running');
  const records = readdirSync(running).filter((name) => name.endsWith('.json'));
  return records.flatMap((name) => {
    const record = JSON.parse(readFileSync(path.join(running, name), 'utf8')) as {
      readonly pid?: number;
      readonly tasks?: readonly { readonly task: string }[];
    };
    return record.pid === pid ? (record.tasks?.map(({ task }) => task) ?? []) : [];
  });
};

const kill = (
  of: WorkerProcesses,
  names: readonly (keyof WorkerProcesses)[],
  signal: NodeJS.Signals,
): void => {
  for (const name of names) {
    const found = of[name];
    if (found === undefined) throw new Error(`there is no ${name} to kill`);
    process.kill(found.pid, signal);
  }
};

const KILLS = [
  { what: 'SIGTERM', names: ['supervisor'], signal: 'SIGTERM', note: /stopped before its tasks were done/ },
  {
    what: 'the engine',
    names: ['engine'],
    signal: 'SIGKILL',
    note: /the engine .*rows go into the next one/,
  },
  {
    what: 'the supervisor',
    names: ['supervisor'],
    signal: 'SIGKILL',
    note: /killed by SIGKILL.*it is started again/,
  },
  {
    what: 'both',
    names: ['engine', 'supervisor'],
    signal: 'SIGKILL',
    note: /killed by SIGKILL.*it is started again/,
  },
] as const;

it(
  'loses no row and answers none twice when SIGTERM, engine, supervisor and both are killed',
  async () => {
    // A worker of 100 tokens a second: tasks of two or three pieces, of which the real one does several in a blink.
    await writeSpeed(path.join(folder, '.daybreak'), { spec: STEP.infer, tokensPerSecond: 200 });
    const job = await startModelJob(folder, { id: JOB, rows, steps: [STEP], limitSeconds: LIMIT_SECONDS });
    const command = job.child.pid ?? 0;
    const seen = new Set<number>();
    const kills: { what: string; open: readonly string[]; at: string }[] = [];
    try {
      for (const { what, names, signal } of KILLS) {
        const before = readCommits();
        await until(() => readCommits().size > before.size, `a commit before the kill of ${what}`, START_MS);
        const processes = findWorkerProcesses(command);
        for (const each of Object.values(processes)) if (each !== undefined) seen.add(each.pid);
        const open = readOpenTasks(processes.supervisor?.pid);
        const standing = readCommits();
        const killedAt = performance.now();
        kills.push({ what, open, at: new Date().toISOString() });
        kill(processes, names, signal);
        const { supervisor, engine } = processes;
        const gone = names.includes('supervisor' as never) ? supervisor : engine;
        await until(() => !isAlive(gone?.pid ?? 0), `the end of ${what}`, MOST_STOP_SECONDS * 1000);
        expect((performance.now() - killedAt) / 1000).toBeLessThan(MOST_STOP_SECONDS);
        // What counted, counts.
        for (const [task, { attempt }] of standing) expect(readCommits().get(task)?.attempt).toBe(attempt);
      }
      const outcome = await job.outcome();
      expect(outcome.rows.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
        rows.map(({ id }) => id),
      );
      expect(isConserved(outcome)).toBe(true);
      expect(outcome.report.rows.rejected).toBe(0);
      const said = outcome.ended.stdout + outcome.ended.stderr;
      for (const { what, note } of KILLS) {
        const expected = KILLS.filter((each) => each.note.source === note.source).length;
        expect(said.match(new RegExp(note, 'g')) ?? [], what).toHaveLength(expected);
      }
      const final = readCommits();
      const again = kills.map(({ open, at }) =>
        open.filter((task) => (final.get(task)?.startedAt ?? '') > at),
      );
      for (const [index, tasks] of again.entries())
        expect(tasks.length, kills[index]?.what).toBeLessThanOrEqual(LIMITS.openTasks);
      // Or the kills came when nothing was under way.
      expect(again.flat().length).toBeGreaterThan(0);
      for (const pid of seen) expect(isAlive(pid), `process ${pid}`).toBe(false);
    } finally {
      job.child.kill('SIGTERM');
      await job.ended.catch(() => {});
    }
  },
  LIMIT_SECONDS * 1_000,
);
