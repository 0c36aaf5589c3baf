import { DaybreakError } from '../functions/contract/errors.ts';
import { JobCancelledError, StateError, StoreError } from '../functions/contract/errors-store.ts';
import type { Job } from '../functions/contract/job.ts';
import { blockPrefixes, KEYS, renderBlockKey } from '../functions/contract/keys.ts';
import type { Manifest } from '../functions/contract/manifest.ts';
import type { Outcome } from '../functions/contract/outcome.ts';
import type { Plan } from '../functions/contract/plan.ts';
import type { Report } from '../functions/contract/report.ts';
import { Running } from '../functions/contract/running.ts';
import { putHistory } from '../functions/io/history.ts';
import { openRun, readCurrentRun } from '../functions/io/open-run.ts';
import { putOutcome, readOutcome } from '../functions/io/put-outcome.ts';
import { readSealed } from '../functions/io/seal-stage.ts';
import { openOutput, publish, requirePublished } from '../functions/stages/publish.ts';
import { readStage } from '../functions/stages/read-stage.ts';
import { putFirstTasks } from '../functions/stages/read-tasks.ts';
import { type StagePosition, seal } from '../functions/stages/seal.ts';
import type { PlannedJob } from '../functions/stages/split.ts';
import type { StageContext } from '../functions/stages/stage-context.ts';
import { buildReport, putReport } from './build-report.ts';
import { hasJobEnded } from './job-state.ts';
import { parsePlan } from './parse-plan.ts';
import type { ProgressView } from './progress.ts';
import { renderCount, renderRows, renderSeconds } from './render-units.ts';
import { runTasks } from './run-tasks.ts';
import { thisHost } from './workdir.ts';
import type { WorkerPool } from './worker-pool.ts';
import { writeTrace } from './write-trace.ts';

export type Runner = {
  readonly context: StageContext;
  readonly worker: string;
  readonly view: ProgressView;
  readonly keepBlocks: boolean;
  /** Runs what does not run in this process; starts none before there is work for it. */
  readonly pool: WorkerPool;
};

/** How often blocks may be gone before that is a disk that loses them, and the job fails. */
const MAX_REOPENINGS = 3;

/**
 * Runs a submitted job to its end and returns its report. Continues what stands of it already; any number of
 * runners may do so at once. Where bytes are gone the run is superseded, and the next one does again what is lost.
 * A failure is recorded as the run's outcome, and thrown.
 */
export const runJob = async (runner: Runner, job: Job, wanted: PlannedJob): Promise<Report> => {
  try {
    await claimOutput(runner, job);
  } catch (error) {
    // Before a run is open there is no outcome to put: the report alone says that the job was refused.
    if (error instanceof DaybreakError) {
      const failure = { name: error.name, message: error.message };
      await putEndReport(runner, await buildReport(runner.context, { job, outcome: 'refused', failure }));
    }
    throw error;
  }
  for (let reopened = 0; ; reopened += 1) {
    const report = await runOnce(runner, { job, wanted, mayReopen: reopened < MAX_REOPENINGS });
    if (report !== 'superseded') return report;
  }
};

/** Repeatable. `run` is absent before one is open. */
const claimOutput = async ({ context: { store } }: Runner, job: Job, run?: string): Promise<void> => {
  const output = await openOutput(job, run);
  await output.claim({ mode: job.spec.output.mode, hasEnded: (claim) => hasJobEnded(store, claim) });
};

/** One go at a job: in the run that is open, or in the next one. */
const runOnce = async (
  runner: Runner,
  { job, wanted, mayReopen }: { readonly job: Job; readonly wanted: PlannedJob; readonly mayReopen: boolean },
): Promise<Report | 'superseded'> => {
  const { store } = runner.context;
  const opened = await openRun(store, wanted.plan, runner.context.now().toISOString());
  const plan = parsePlan(opened.plan);
  if (opened.kind === 'ended' && opened.outcome.kind !== 'published') {
    throw new StateError({
      key: KEYS.outcome.render(plan),
      problem: `the run has ended as ${opened.outcome.kind}`,
    });
  }
  const runningKey = KEYS.running.render({ job: plan.job, run: plan.run, worker: runner.worker });
  await putRunning(runner, runningKey);
  try {
    // Until the run was open, a runner of an earlier one could give back what the job claimed.
    await claimOutput(runner, job, plan.run);
    if (opened.kind === 'open') {
      await putFirstTasks(store, plan, wanted.tasks);
      await runStages(runner, plan);
    }
    return await finishJob(runner, job, plan);
  } catch (error) {
    const outcome = await endRun(runner, { job, plan, error, mayReopen });
    // Another runner of this job published it meanwhile, and took away what this one was reading.
    if (isPublished(outcome)) return finishJob(runner, job, plan);
    if (isLoss(outcome) && mayReopen) return 'superseded';
    // The outcome decides: what a late runner of a cancelled run stumbles over is no failure of the job.
    if (outcome?.kind === 'cancelled' && !(error instanceof JobCancelledError)) {
      throw new JobCancelledError({ job: plan.job, run: plan.run }, { cause: error });
    }
    throw error;
  } finally {
    await forgetRunning(runner, runningKey);
  }
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
  for (const [index, stage] of plan.stageIds.entries()) {
    await runStage(runner, plan, { job: plan.job, run: plan.run, stage, index });
    // What is left of a run that has ended belongs to the next one, which may read these blocks.
    const outcome = await readOutcome(runner.context.store, plan);
    if (outcome !== undefined) requirePublished(outcome);
    if (index > 0 && !runner.keepBlocks) await deleteStageBlocks(runner, plan, index - 1);
  }
  // Until the outcome is put, an interrupted run publishes nothing.
  runner.context.signal.throwIfAborted();
};

/** Runs what is missing of a stage until seal is content with it: a seal may replace tasks by others. */
const runStage = async (runner: Runner, plan: Plan, position: StagePosition): Promise<void> => {
  const { context, view } = runner;
  const { index: _, ...stage } = position;
  const startedAt = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedAt) / 1000;
  for (;;) {
    if ((await readSealed(context.store, stage)) === undefined) {
      const { missing } = await readStage(context.store, plan, position);
      await runTasks(runner, plan, { position, missing, elapsedSeconds });
    }
    const result = await seal(context, plan, position);
    if (result.kind === 'amended') {
      view.note(`${stage.stage}  ${result.reason}`);
      continue;
    }
    const { counts, rows } = result.sealed.totals;
    const rejected = counts.rejected > 0 ? `, ${renderCount(counts.rejected)} rejected` : '';
    const tasks = result.sealed.commits.length;
    view.finish(
      stage.stage,
      `${renderRows(counts.read)} in, ${renderCount(rows)} out${rejected}${tasks > 1 ? `, ${tasks} tasks` : ''}  ${renderSeconds(elapsedSeconds())}`,
    );
    return;
  }
};

const finishJob = async (runner: Runner, job: Job, plan: Plan): Promise<Report> => {
  // Before the outcome says `published`, and again where a death came after that.
  await claimOutput(runner, job, plan.run);
  const manifest = await publish(runner.context, { job, plan });
  const report = await buildReport(runner.context, { job, plan, outcome: manifest.outcome, manifest });
  // The report last: whoever finds it has nothing left to do.
  await writeTrace(runner.context.store, job);
  await putReport(runner.context.store, report);
  await rememberJob(runner, plan, report);
  await sweepBlocks(runner, plan.job);
  runner.view.finish('publish', `${renderPublished(manifest)} to ${job.spec.output.uri}`);
  return report;
};

const renderPublished = (manifest: Manifest): string =>
  `${renderRows(manifest.rows)} in ${manifest.parts.length} ${manifest.parts.length === 1 ? 'file' : 'files'}`;

const rememberJob = (runner: Runner, plan: Plan, report: Report): Promise<void> =>
  putHistory(runner.context.store, plan.shape, {
    job: plan.job,
    finishedAt: report.finishedAt,
    threads: runner.context.resources.threads,
    stages: report.stages.map((stage) => ({
      kind: stage.kind,
      tasks: Math.max(stage.tasks, 1),
      seconds: stage.seconds,
      inputBytes: stage.bytesRead,
      rows: stage.counts.read,
    })),
  });

/** The next stage is sealed: nobody reads the blocks of this one any more, those of lost attempts included. */
const deleteStageBlocks = async ({ context }: Runner, plan: Plan, index: number): Promise<void> => {
  const { store } = context;
  const stage = plan.stageIds[index];
  if (stage === undefined) return;
  const { job, run } = plan;
  const sealed = await readSealed(store, { job, run, stage });
  for (const [task, ownRun, attempt] of sealed?.commits ?? []) {
    await store.delete(renderBlockKey({ job, run: ownRun, stage, task, attempt, format: 'arrow' }));
  }
  for (const prefix of blockPrefixes({ job, run, stage })) await store.deletePrefix(prefix);
};

/** Of a published job: the output has its own names for the committed blocks; those of lost attempts go too. */
export const sweepBlocks = async (runner: Runner, job: string): Promise<void> => {
  if (runner.keepBlocks) return;
  for (const prefix of blockPrefixes({ job })) await runner.context.store.deletePrefix(prefix);
};

type Failed = {
  readonly job: Job;
  readonly plan: Plan;
  readonly error: unknown;
  readonly mayReopen: boolean;
};

/**
 * Records how a run ended that fails here, and returns the outcome that stands: another runner may have put it
 * first. Undefined where the run stays open. Where the job ends with it, the output is given back.
 */
const endRun = async (runner: Runner, failed: Failed): Promise<Outcome | undefined> => {
  const { job, plan, error } = failed;
  const { store, now } = runner.context;
  const kind = outcomeOf(failed);
  if (kind === undefined || !(error instanceof DaybreakError)) {
    const standing = await readOutcome(store, plan);
    if (standing === undefined)
      runner.view.note(`job ${job.job} stops here; \`daybreak resume ${job.job}\` goes on with it`);
    return isPublished(standing) ? standing : undefined;
  }
  const own = { name: error.name, message: error.message };
  const at = now().toISOString();
  const { chosen } = await putOutcome(store, { job: plan.job, run: plan.run, kind, at, failure: own });
  if (isPublished(chosen)) return chosen;
  if (isLoss(chosen) && failed.mayReopen) {
    runner.view.note(`${chosen.failure?.message}: the next run does again what is lost`);
    return chosen;
  }
  // Somebody may have resumed the job meanwhile: then the output is that run's.
  if ((await readCurrentRun(store, job.job))?.plan.run !== plan.run) return chosen;
  await (await openOutput(job, plan.run)).release();
  await writeTrace(store, job);
  const failure = chosen.failure ?? own;
  const report = await buildReport(runner.context, { job, plan, outcome: chosen.kind, failure });
  await putEndReport(runner, report, plan.run);
  return chosen;
};

/** Of what publishes nothing: a later run has the say, and a published job keeps its report. */
const putEndReport = async (runner: Runner, report: Report, run?: string): Promise<void> => {
  const { store } = runner.context;
  const current = await readCurrentRun(store, report.job);
  if (run !== undefined && current?.plan.run !== run) return;
  if (!isPublished(current?.outcome)) await putReport(store, report);
};

const isPublished = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'published' || outcome?.kind === 'partial';

/** A run that another plan superseded has none, and is that plan's: two versions must not end each other's runs. */
const isLoss = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'superseded' && outcome.failure !== undefined;

/** Bytes that a commit names and that are not there: all else of the run is good. By name, for it may come from a worker. */
const LOST_BYTES: ReadonlySet<string> = new Set(['BlockMissingError', 'BlockCorruptError']);

/** What a failure means for the run; a mistake of ours, or a store that does not answer, leaves it open to resume. */
const outcomeOf = ({ error, mayReopen }: Failed): 'cancelled' | 'failed' | 'superseded' | undefined => {
  if (error instanceof JobCancelledError) return 'cancelled';
  if (!(error instanceof DaybreakError)) return undefined;
  if (LOST_BYTES.has(error.name)) return mayReopen ? 'superseded' : 'failed';
  return error.row.retry === 'again' ? undefined : 'failed';
};
