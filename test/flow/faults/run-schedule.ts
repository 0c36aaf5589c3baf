/** Plays a schedule: runners and workers on one store, faults between them, resumed until the job has ended. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgressView } from '../../../cli/progress.ts';
import { finishPublish, runJob } from '../../../cli/run-job.ts';
import type { WorkerPool } from '../../../cli/worker-pool.ts';
import { openJobWorld } from '../../../cli/world.ts';
import { StoreError } from '../../../functions/contract/errors-store.ts';
import { WorkerDiedError } from '../../../functions/contract/errors-worker.ts';
import type { TaskIds } from '../../../functions/contract/ids.ts';
import { Job } from '../../../functions/contract/job.ts';
import { KEYS } from '../../../functions/contract/keys.ts';
import type { Manifest } from '../../../functions/contract/manifest.ts';
import { Report } from '../../../functions/contract/report.ts';
import { decideAttempt } from '../../../functions/core/decide-attempt.ts';
import { type FileOperations, nodeFiles } from '../../../functions/io/file-operations.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { storeModule } from '../../../functions/io/modules/store-module.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { readCurrentRun } from '../../../functions/io/open-run.ts';
import { putOnce, readState } from '../../../functions/io/put-once.ts';
import type { RunContext } from '../../../functions/stages/begin-run.ts';
import { cancelJob, withdrawCancel } from '../../../functions/stages/cancel-job.ts';
import { readJobState } from '../../../functions/stages/read-job-state.ts';
import { runTask } from '../../../functions/stages/run-task.ts';
import type { PlannedJob } from '../../../functions/stages/split.ts';
import type { StageContext } from '../../../functions/stages/stage-context.ts';
import { sweepBlocks } from '../../../functions/stages/sweep-blocks.ts';
import { failureOf, reviveFailure } from '../../../functions/stages/workers/task-failure.ts';
import type { TaskFailure } from '../../../functions/stages/workers/worker-messages.ts';
import { createRandom } from '../../corpus/generate-csv.ts';
import { judgeOutput, listTree } from '../job-folder.ts';
import { type Actor, DIED, openStage, type Ruling, type Stage } from './actors.ts';
import type { PreparedJob } from './jobs.ts';
import type { Fault, Schedule } from './schedule.ts';

const SILENT: ProgressView = { update: () => {}, finish: () => {}, note: () => {}, close: () => {} };
const RESOURCES = { threads: 1, memoryBytes: 256e6 };

/** A fault may end a runner; each one after that meets the faults that are left. */
const MAX_ROUNDS = 20;

/** Nobody pulls the plug here: what survives that is test/io's business. */
const UNSYNCED: FileOperations = {
  ...nodeFiles,
  writeSynced: (path, bytes) => writeFile(path, bytes, { flag: 'wx' }),
  syncFile: async () => {},
  syncFolder: async () => {},
};

export type Played = {
  /** The published output; undefined where the job ended with `failure`. */
  readonly manifest: Manifest | undefined;
  readonly report: Report | undefined;
  /** Whether the plan that was run to its end is the one that was wanted. */
  readonly isWantedPlan: boolean;
  /** What the runners were told, in order. */
  readonly failures: readonly Error[];
  readonly operations: number;
  readonly runs: string;
};

type World = {
  readonly prepared: PreparedJob;
  readonly schedule: Schedule;
  readonly store: ObjectStore;
  readonly root: string;
  readonly stage: Stage;
  readonly failures: Error[];
  readonly newAttempt: () => string;
  starts: number;
};

/** Plays a schedule in a new folder below `folder`; the output stays. Throws where a law is broken. */
export const playSchedule = async (
  folder: string,
  prepared: PreparedJob,
  schedule: Schedule,
): Promise<Played> => {
  const root = await mkdtemp(join(folder, 'play-'));
  try {
    return await playIn(root, prepared, schedule);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
};

const playIn = async (root: string, prepared: PreparedJob, schedule: Schedule): Promise<Played> => {
  const store = await openFileStore(join(root, 'work'), UNSYNCED);
  const random = createRandom(schedule.seed);
  let operations = 0;
  const judge = openJudge(prepared.output);
  const rule = (actor: Actor): Ruling => {
    operations += 1;
    const fault = schedule.faults.find(({ at }) => at === operations);
    return fault === undefined ? {} : ruleBy(world, actor, fault);
  };
  const world: World = {
    prepared,
    schedule,
    store,
    root,
    failures: [],
    starts: 0,
    stage: openStage(store, { random, rule, judge }),
    newAttempt: () => Array.from({ length: 24 }, () => Math.floor(random() * 16).toString(16)).join(''),
  };
  await putOnce(store, { key: KEYS.job.render(prepared.job), schema: Job }, prepared.job);
  for (const module of prepared.modules) await storeModule(store, prepared.job.job, module);
  for (let round = 1; !(await isOver(world)); round += 1) {
    if (round > MAX_ROUNDS) throw new Error(`not ended after ${MAX_ROUNDS} runners: ${told(world.failures)}`);
    for (let runner = round === 1 ? schedule.runners : 1; runner > 0; runner -= 1) startRunner(world);
    await world.stage.play();
  }
  return conclude(world, operations);
};

const told = (failures: readonly Error[]): string =>
  failures.map((error) => `${error.name}: ${error.message}`).join('; ');

const isOver = async ({ store, prepared: { job }, failures, schedule }: World): Promise<boolean> => {
  const { outcome, report } = await readJobState(openJobWorld(store), job.job);
  if (outcome?.kind === 'published' && report?.outcome === 'published') return true;
  // Lost after it was found whole and before it was copied: nothing can be done again then.
  return outcome?.kind === 'published' && failures.some(isLoss) && schedule.faults.some(isDamage);
};

const isLoss = ({ name }: Error): boolean => name === 'BlockMissingError' || name === 'BlockCorruptError';
const isDamage = ({ kind }: Fault): boolean =>
  kind === 'bit-flipped' || kind === 'truncated' || kind === 'deleted';

/** Judges the output behind each operation: absent, or whole and for ever the same. */
const openJudge = (output: string): (() => Promise<void>) => {
  let shown: string | undefined;
  return async () => {
    const isThere = existsSync(output);
    if (shown !== undefined) {
      const now = isThere ? readFileSync(join(output, '_manifest.json'), 'utf8') : undefined;
      if (now !== shown) throw new Error('a published output has changed');
    } else if (isThere) {
      judgeOutput(output);
      shown = readFileSync(join(output, '_manifest.json'), 'utf8');
    }
  };
};

const EXPECTED: ReadonlySet<string> = new Set([
  ...['StoreError', 'JobCancelledError', 'WorkerDiedError', 'BlockMissingError', 'BlockCorruptError'],
]);

/** A failure that a fault explains; any other one is a broken law. */
const isExpected = (error: Error): boolean =>
  EXPECTED.has(error.name) || (error.name === 'StateError' && /the run has ended as/.test(error.message));

const startRunner = (world: World, plan: PlannedJob = world.prepared.wanted): void => {
  world.starts += 1;
  const started = world.stage.start(`runner ${world.starts}`, (actor) => resumeJob(world, actor, plan));
  started.catch((error: unknown) => {
    world.failures.push(error instanceof Error ? error : new Error(String(error)));
  });
};

/** What `daybreak resume` does; the first runner too finds its job submitted. */
const resumeJob = async (world: World, actor: Actor, plan: PlannedJob): Promise<void> => {
  const { job } = world.prepared;
  const scratchDir = join(world.root, actor.name);
  await mkdir(scratchDir);
  const context: RunContext = {
    ...openJobWorld(actor.store),
    now: () => new Date(),
    newAttempt: world.newAttempt,
    scratchDir,
    worker: actor.name.replace(' ', '-'),
    resources: RESOURCES,
    signal: new AbortController().signal,
    onProgress: () => {},
  };
  const worker = `${process.pid}-${actor.name.replace(' ', '-')}`;
  const runner = {
    context,
    worker,
    view: SILENT,
    keepBlocks: false,
    pool: openActorPool(world, actor, context),
  };
  const state = await readJobState(context, job.job);
  if (state.outcome?.kind === 'published') {
    if (state.report?.outcome !== 'published') await finishPublish(runner, job);
    else await sweepBlocks(actor.store, job.job);
    return;
  }
  const { plan: opened, outcome } = state;
  await withdrawCancel(actor.store, job.job, opened === undefined ? undefined : { plan: opened, outcome });
  await runJob(runner, job, plan);
};

/** The pool of worker processes with actors in their place: the same decisions, and failures cross by name. */
const openActorPool = (world: World, runner: Actor, context: StageContext): WorkerPool => {
  const { delivery, lanes } = world.schedule;
  let workers = 0;

  const attempt = async (ids: TaskIds): Promise<TaskFailure | undefined> => {
    workers += 1;
    const act = async (worker: Actor): Promise<undefined> => {
      await runTask({ ...context, store: worker.store }, ids);
    };
    try {
      const result = await world.stage.start(`${runner.name} worker ${workers}`, act, runner);
      if (result !== DIED) return undefined;
      const how = 'was killed by the schedule';
      return failureOf(new WorkerDiedError({ task: `${ids.stage} ${ids.task}`, how }));
    } catch (error) {
      return failureOf(error);
    }
  };

  const deliver = async (ids: TaskIds): Promise<TaskFailure | undefined> => {
    if (delivery === 'once') return attempt(ids);
    if (delivery === 'twice-at-once') {
      const [one, other] = await Promise.all([attempt(ids), attempt(ids)]);
      return one === undefined ? undefined : other;
    }
    return (await attempt(ids)) ?? (await attempt(ids));
  };

  const runOne = async (ids: TaskIds): Promise<void> => {
    for (let attempts = 1; ; attempts += 1) {
      const failure = await deliver(ids);
      if (failure === undefined) return;
      const { retry } = failure;
      if (decideAttempt({ retry, attempts, hadAllMemory: true }) === 'fail')
        throw reviveFailure(failure, { ids, attempts });
    }
  };

  return {
    run: async (tasks) => {
      const queue = [...tasks];
      let failure: unknown;
      const work = async (): Promise<void> => {
        for (let task = queue.shift(); task !== undefined && failure === undefined; task = queue.shift()) {
          await runOne(task).catch((error: unknown) => {
            failure ??= error;
          });
        }
      };
      await Promise.all(Array.from({ length: lanes }, work));
      if (failure !== undefined) throw failure;
    },
    close: async () => {},
  };
};

const ruleBy = (world: World, actor: Actor, fault: Fault): Ruling => {
  const { orphansLive } = world.schedule;
  const fail = (reason: string, isUnknown: boolean) => (): never => {
    throw new StoreError({ operation: 'do', key: 'what was asked', reason, isUnknown });
  };
  switch (fault.kind) {
    case 'dies-before':
      return { before: () => actor.die({ orphansLive }) };
    case 'dies-after':
      return { after: () => actor.die({ orphansLive }) };
    case 'reply-lost':
      return { after: fail('the reply was lost', true) };
    case 'refused-503':
      return { before: fail('the store answered 503', false) };
    case 'unanswered':
      return { before: fail('no answer came', true) };
    case 'second-runner':
      return { before: () => startRunner(world) };
    case 'other-plan':
      return { before: () => startRunner(world, world.prepared.other) };
    case 'cancelled':
      return { before: () => startCancel(world) };
    case 'bit-flipped':
    case 'truncated':
    case 'deleted':
      return { before: () => damageBlock(world, fault) };
  }
};

const startCancel = (world: World): void => {
  const cancel = async (actor: Actor): Promise<void> => {
    const state = await readJobState(openJobWorld(actor.store), world.prepared.job.job);
    await cancelJob({ store: actor.store, now: () => new Date() }, state);
  };
  world.stage.start('canceller', cancel).catch((error: unknown) => {
    world.failures.push(error instanceof Error ? error : new Error(String(error)));
  });
};

/** Damages one of the blocks that there are; an output that may hold the same file keeps its own. */
const damageBlock = async ({ root, prepared }: World, { kind, pick }: Fault): Promise<void> => {
  const lastSeal = `${prepared.wanted.plan.stageIds.at(-1)}/sealed.json`;
  const work = join(root, 'work');
  const blocks = listTree(join(work, 'b')).filter((path) => !path.endsWith('/'));
  const block = blocks[Math.floor(pick * blocks.length)];
  if (block === undefined) return;
  const path = join(work, 'b', block);
  if (kind === 'deleted') return rm(path);
  // What a disk does to a file between the look at its bytes and the link to it, nobody can find.
  const isBeingPublished = listTree(join(work, 'jobs')).some((state) => state.endsWith(lastSeal));
  if (isBeingPublished && !block.endsWith('.arrow')) return;
  const bytes = await readFile(path);
  const bit = Math.floor(((pick * 7919) % 1) * bytes.length * 8);
  const byte = bytes[bit >> 3];
  if (byte !== undefined) bytes[bit >> 3] = byte ^ (1 << (bit & 7));
  const staged = join(root, 'damaged');
  await writeFile(staged, kind === 'truncated' ? bytes.subarray(0, bit >> 3) : bytes);
  await rename(staged, path);
};

/** A schedule has fewer faults than that. */
const MOST_SWEEPS = 8;

const conclude = async (world: World, operations: number): Promise<Played> => {
  const { prepared, store, failures, root, schedule } = world;
  const unexpected = failures.find((error) => !isExpected(error));
  if (unexpected !== undefined) throw unexpected;
  const losses = failures.filter(isLoss);
  if (losses.length > 0 && !schedule.faults.some(isDamage)) throw losses[0];
  const { job, output, wanted } = prepared;
  const current = await readCurrentRun(store, job.job);
  const isWantedPlan = current?.plan.digest === wanted.plan.digest;
  const report = await readState(store, { key: KEYS.report.render(job), schema: Report });
  const manifest = judgeOutput(output);
  const runs = current?.plan.run ?? '';
  if (manifest === undefined) return { manifest, report, isWantedPlan, failures, operations, runs };
  // A late resume of a published job sweeps what late attempts have left; faults that are left may end it too.
  const blocksLeft = (): string[] => listTree(join(root, 'work/b')).filter((path) => !path.endsWith('/'));
  for (let go = 0; go === 0 || (go < MOST_SWEEPS && blocksLeft().length > 0); go += 1) {
    startRunner(world);
    await world.stage.play();
  }
  const left = blocksLeft();
  if (left.length > 0) throw new Error(`blocks are left: ${left.join(', ')}`);
  const around = readdirSync(join(output, '..')).filter((name) => name.endsWith('.daybreak'));
  if (around.length > 0) throw new Error(`the output is still claimed: ${around.join(', ')}`);
  return { manifest, report, isWantedPlan, failures, operations, runs };
};
