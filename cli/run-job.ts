import { DaybreakError } from '../functions/contract/errors.ts';
import { JobCancelledError, StateError, StoreError } from '../functions/contract/errors-store.ts';
import type { Job } from '../functions/contract/job.ts';
import { KEYS } from '../functions/contract/keys.ts';
import type { Plan } from '../functions/contract/plan.ts';
import type { Report } from '../functions/contract/report.ts';
import { Running } from '../functions/contract/running.ts';
import { readCurrentRun } from '../functions/io/open-run.ts';
import { readOutcome } from '../functions/io/put-outcome.ts';
import { readSealed } from '../functions/io/seal-stage.ts';
import { thisHost } from '../functions/io/this-machine.ts';
import { amendOutgrown } from '../functions/stages/amend-outgrown.ts';
import { beginRun, claimOutput, prepareRun, type RunContext } from '../functions/stages/begin-run.ts';
import { endRun, isPublished, MAX_REOPENINGS, refuseJob } from '../functions/stages/end-run.ts';
import * as finishing from '../functions/stages/finish-job.ts';
import { parsePlan } from '../functions/stages/parse-plan.ts';
import { requirePublished } from '../functions/stages/publish.ts';
import { readStage, type StageStanding } from '../functions/stages/read-stage.ts';
import { type StagePosition, seal } from '../functions/stages/seal.ts';
import type { PlannedJob } from '../functions/stages/split.ts';
import { deleteStageBlocks } from '../functions/stages/sweep-blocks.ts';
import type { ProgressView } from './progress.ts';
import { renderRejectMessages } from './render-rejects.ts';
import { renderPublished, renderSealed } from './render-stage.ts';
import { doneShare, findOutgrown, runTasks, type Work } from './run-tasks.ts';
import type { WorkerPool } from './worker-pool.ts';

export type Runner = {
  readonly context: RunContext;
  readonly worker: string;
  readonly view: ProgressView;
  readonly keepBlocks: boolean;
  /** Runs what does not run in this process; starts none before there is work for it. */
  readonly pool: WorkerPool;
};

/**
 * Runs a submitted job to its end and returns its report. Continues what stands of it already; any number of
 * runners may do so at once. Where bytes are gone the run is superseded, and the next one does again what is lost.
 * A failure is recorded as the run's outcome, and thrown.
 */
export const runJob = async (runner: Runner, job: Job, wanted: PlannedJob): Promise<Report> => {
  try {
    await claimOutput(runner.context, job);
  } catch (error) {
    if (error instanceof DaybreakError) await refuseJob(runner.context, job, { error });
    throw error;
  }
  for (let reopened = 0; ; reopened += 1) {
    const report = await runOnce(runner, { job, wanted, mayReopen: reopened < MAX_REOPENINGS });
    if (report !== 'superseded') return report;
  }
};

/** One go at a job: in the run that is open, or in the next one. */
const runOnce = async (
  runner: Runner,
  { job, wanted, mayReopen }: { readonly job: Job; readonly wanted: PlannedJob; readonly mayReopen: boolean },
): Promise<Report | 'superseded'> => {
  const { context, view } = runner;
  const begun = await beginRun(context, wanted);
  const { plan } = begun;
  if (begun.kind === 'ended' && !isPublished(begun.outcome)) {
    const problem = `the run has ended as ${begun.outcome.kind}`;
    throw new StateError({ key: KEYS.outcome.render(plan), problem });
  }
  const runningKey = KEYS.running.render({ job: plan.job, run: plan.run, worker: runner.worker });
  await putRunning(runner, runningKey);
  try {
    if (begun.kind === 'open') {
      await prepareRun(context, { job, plan, wanted });
      await runStages(runner, plan);
    }
    return await finishJob(runner, job, plan);
  } catch (error) {
    const ended = await endRun(context, { job, plan, error, mayReopen });
    // Another runner of this job published it meanwhile, and took away what this one was reading.
    if (ended.kind === 'published') return finishJob(runner, job, plan);
    if (ended.kind === 'lost') {
      view.note(`${ended.outcome.failure?.message}: the next run does again what is lost`);
      return 'superseded';
    }
    if (ended.kind === 'open' && (await readOutcome(context.store, plan)) === undefined) {
      view.note(`job ${job.job} stops here; \`daybreak resume ${job.job}\` goes on with it`);
    }
    // The outcome decides: what a late runner of a cancelled run stumbles over is no failure of the job.
    const isCancelled = ended.kind === 'ended' && ended.outcome.kind === 'cancelled';
    if (isCancelled && !(error instanceof JobCancelledError)) {
      throw new JobCancelledError({ job: plan.job, run: plan.run }, { cause: error });
    }
    if (ended.kind === 'ended') await showRejects(runner, error);
    throw error;
  } finally {
    await forgetRunning(runner, runningKey);
  }
};

/** What modules said of the rows that ended the job, which its message must not repeat. */
const showRejects = async ({ context, view }: Runner, error: unknown): Promise<void> => {
  if (!(error instanceof DaybreakError) || error.rejectsKey === undefined) return;
  for (const line of await renderRejectMessages(context.store, error.rejectsKey)) view.note(line);
};

/** Finishes a job whose outcome is `published` already, where a runner died before its manifest. */
export const finishPublish = async (runner: Runner, job: Job): Promise<Report> => {
  const current = await readCurrentRun(runner.context.store, job.job);
  if (current === undefined) throw new StateError({ key: job.job, problem: 'it has no run' });
  return finishJob(runner, job, parsePlan(current.plan));
};

const putRunning = async (runner: Runner, key: string): Promise<void> => {
  const since = runner.context.now().toISOString();
  const running = Running.parse({ worker: runner.worker, host: thisHost(), pid: process.pid, since });
  await runner.context.store.put(key, new TextEncoder().encode(JSON.stringify(running)));
};

/** The record is advisory: that it stays behind hides neither a result nor a failure. */
const forgetRunning = async ({ context, view }: Runner, key: string): Promise<void> => {
  try {
    await context.store.delete(key);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    view.note(error.message);
  }
};

const runStages = async (runner: Runner, plan: Plan): Promise<void> => {
  const { store, signal } = runner.context;
  for (const [index, stage] of plan.stageIds.entries()) {
    await runStage(runner, plan, { job: plan.job, run: plan.run, stage, index });
    // What is left of a run that has ended belongs to the next one, which may read these blocks.
    const outcome = await readOutcome(store, plan);
    if (outcome !== undefined) requirePublished(outcome);
    if (index > 0 && !runner.keepBlocks) await deleteStageBlocks(store, plan, index - 1);
  }
  // Until the outcome is put, an interrupted run publishes nothing.
  signal.throwIfAborted();
};

/** Runs what is missing of a stage until seal is content with it: a seal, of another runner too, may replace tasks by others. */
const runStage = async (runner: Runner, plan: Plan, position: StagePosition): Promise<void> => {
  const { context, view } = runner;
  const { index: _, ...stage } = position;
  const startedAt = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedAt) / 1000;
  const ran = new Set<string>();
  let shareBefore: number | undefined;
  for (;;) {
    const standing = await lookAtStage(runner, plan, position);
    if (standing !== undefined) {
      shareBefore ??= doneShare(standing);
      // What has run and is missing all the same is for seal to refuse.
      if (standing.missing.some((task) => !ran.has(task))) {
        for (const task of standing.missing) ran.add(task);
        await runMissing(runner, plan, { position, standing, shareBefore, elapsedSeconds });
        continue;
      }
    }
    const result = await seal(context, plan, position, standing);
    if (result.kind === 'amended') {
      view.note(`${stage.stage}  ${result.reason}`);
      continue;
    }
    view.finish(stage.stage, renderSealed(result.sealed, elapsedSeconds()));
    return;
  }
};

/** Where an unsealed stage stands. */
const lookAtStage = async (
  { context: { store } }: Runner,
  plan: Plan,
  position: StagePosition,
): Promise<StageStanding | undefined> =>
  (await readSealed(store, position)) === undefined ? readStage(store, plan, position) : undefined;

/** Runs the missing tasks; one that outgrew the memory is replaced by its halves. */
const runMissing = async (runner: Runner, plan: Plan, work: Work): Promise<void> => {
  const { position, standing } = work;
  try {
    await runTasks(runner, plan, work);
  } catch (error) {
    const outgrown = findOutgrown(error, standing);
    if (outgrown === undefined) throw error;
    const { amendments } = standing;
    const reason = await amendOutgrown(runner.context, plan, { position, amendments, tasks: [outgrown] });
    runner.view.note(`${position.stage}  ${reason}`);
  }
};

const finishJob = async (runner: Runner, job: Job, plan: Plan): Promise<Report> => {
  const { context, keepBlocks, view } = runner;
  const finished = await finishing.finishJob(context, { job, plan, keepBlocks });
  if (finished.kind === 'more') throw new Error('a publish without an end of its time was cut short');
  const { report, manifest } = finished;
  const { rows, parts } = manifest;
  view.finish('publish', renderPublished({ rows, parts: parts.length, uri: job.spec.output.uri }));
  return report;
};
