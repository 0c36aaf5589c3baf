import { setTimeout as pause } from 'node:timers/promises';
import type { DaybreakError } from '../../functions/contract/errors.ts';
import { EngineMissingError } from '../../functions/contract/errors-infer.ts';
import type { Failure } from '../../functions/contract/outcome.ts';
import type { Plan } from '../../functions/contract/plan.ts';
import type { PlannedInferStep } from '../../functions/contract/planned-infer.ts';
import { readHalt } from '../../functions/io/halt.ts';
import type { WorkerCommand } from '../../functions/io/models/engine-facts.ts';
import { readSealed } from '../../functions/io/seal-stage.ts';
import { amendBehindPilot } from '../../functions/stages/infer/amend-behind-pilot.ts';
import { readStage } from '../../functions/stages/read-stage.ts';
import type { StagePosition } from '../../functions/stages/seal.ts';
import type { Runner } from '../run-job.ts';
import { judgeWorkerExit } from './judge-worker-exit.ts';
import { keepTail } from './keep-tail.ts';
import { advanceProgress, NO_PROGRESS, noteOf, shareOfModel } from './model-progress.ts';
import { startModelWorker } from './start-model-worker.ts';

/** Starts of a worker in a row that bring no commit: what ends it so often ends the next one too. */
const MOST_BARREN_STARTS = 3;

/** How often the runner looks whether the pilot is done: a worker that waits for its amendment looks as often. */
const WATCH_MS = 1_000;

/** How workers with vLLM are started here. */
export type ModelWorkers = {
  /** The folder of the store; absolute. */
  readonly storePath: string;
  /** Variables with keys of endpoints that the worker does not get, by the names that are not ours; default: none. */
  readonly keyVariables?: readonly string[];
  /** Fails with EngineMissingError. */
  readonly findWorker: (step: PlannedInferStep, signal: AbortSignal) => Promise<WorkerCommand>;
};

export type ModelStage = {
  readonly plan: Plan;
  readonly position: StagePosition;
  readonly step: PlannedInferStep;
  readonly elapsedSeconds: () => number;
};

/**
 * Runs the worker with a model on a stage, until all its tasks are committed; starts it again where it ends before, as
 * its exit code says. Behind the pilot it amends the list of tasks while the worker waits, so that one engine does it
 * all. Fails with the worker's failure, and with the reason of the signal, when the worker is gone.
 */
export const runModelStage = async (runner: Runner, stage: ModelStage): Promise<void> => {
  const { context, view, pool, models } = runner;
  if (models === undefined)
    throw new EngineMissingError({ wanted: 'vllm', problem: 'no worker is started from here' });
  const command = await models.findWorker(stage.step, context.signal);
  // Their memory is the engine's now.
  await pool.rest();
  let barren = 0;
  for (let start = 0; ; start += 1) {
    const before = await countDone(runner, stage);
    const failure = await runWorker(runner, stage, { command, start, store: models.storePath });
    context.signal.throwIfAborted();
    if (failure === undefined) return;
    if (failure.row.retry === 'never') throw failure;
    barren = (await countDone(runner, stage)) > before ? 0 : barren + 1;
    if (barren >= MOST_BARREN_STARTS) throw failure;
    view.note(`${stage.position.stage}  ${failure.message}; it is started again`);
  }
};

const countDone = async ({ context }: Runner, { plan, position }: ModelStage): Promise<number> =>
  (await readStage(context.store, plan, position)).done.length;

/** One process from start to end: undefined where it has nothing left to do. */
const runWorker = async (
  runner: Runner,
  stage: ModelStage,
  {
    command,
    start,
    store,
  }: { readonly command: WorkerCommand; readonly start: number; readonly store: string },
): Promise<DaybreakError | undefined> => {
  const { context, view } = runner;
  const { signal } = context;
  const { index: _, ...ids } = stage.position;
  const printed = keepTail();
  const show = await openShow(runner, stage);
  let said: Failure | undefined;
  const worker = startModelWorker({
    command,
    resources: context.resources,
    keyVariables: runner.models?.keyVariables ?? [],
    store,
    scratchDir: context.scratchDir,
    stage: ids,
    worker: `${runner.worker}-m${start}`,
    onEvent: (event) => {
      if (event.event === 'failed') said = event.failure;
      show.take(event);
      const note = noteOf(event);
      if (note !== undefined) view.note(`${ids.stage}  ${note}`);
    },
    onPrint: printed.add,
  });
  const gone = new AbortController();
  const watching = watchPilot(runner, stage, gone.signal).catch((error: unknown) => {
    worker.stop();
    return { error };
  });
  signal.addEventListener('abort', worker.stop);
  if (signal.aborted) worker.stop();
  try {
    const exit = await worker.ended;
    gone.abort();
    const watched = await watching;
    if (watched !== undefined) throw watched.error;
    if (signal.aborted) return undefined;
    const failure = judgeWorkerExit(ids, { exit, said, halt: await readHalt(context.store, ids) });
    if (failure !== undefined) for (const line of printed.lines()) view.note(`${ids.stage} | ${line}`);
    return failure;
  } finally {
    gone.abort();
    show.end();
    signal.removeEventListener('abort', worker.stop);
  }
};

/** Cuts what waits behind the pilot as soon as that is done. Ends where nothing waits, or the worker is gone. */
const watchPilot = async (
  { context, view }: Runner,
  { plan, position }: ModelStage,
  gone: AbortSignal,
): Promise<undefined> => {
  while (!gone.aborted) {
    const standing = await readStage(context.store, plan, position);
    if (standing.waiting.length === 0) return;
    if (standing.missing.length === 0) {
      view.note(`${position.stage}  ${await amendBehindPilot(context, plan, { position, standing })}`);
      return;
    }
    await pause(WATCH_MS, undefined, { signal: gone }).catch(() => {}); // the loop asks why
  }
};

/** How often the progress line goes on while the worker is silent, as it is while the engine starts. */
const SHOW_MS = 1_000;

/** The progress line of a stage, over the rows that are committed already. */
const openShow = async ({ context, view }: Runner, { plan, position, elapsedSeconds }: ModelStage) => {
  const before = { job: plan.job, run: plan.run, stage: plan.stageIds[position.index - 1] ?? '' };
  const rows = (await readSealed(context.store, before))?.totals.rows ?? 0;
  const { done } = await readStage(context.store, plan, position);
  const doneRows = done.reduce((sum, { counts }) => sum + counts.read, 0);
  let progress = NO_PROGRESS;
  let readySeconds: number | undefined;
  const draw = (): void => {
    const shown = { rows, doneRows, elapsedSeconds: elapsedSeconds(), readySeconds };
    view.update({ stage: position.stage, ...shareOfModel(progress, shown) });
  };
  const timer = setInterval(draw, SHOW_MS);
  return {
    take: (event: Parameters<typeof advanceProgress>[1]): void => {
      progress = advanceProgress(progress, event);
      if (progress.readyAt !== undefined) readySeconds ??= elapsedSeconds();
      draw();
    },
    end: (): void => clearInterval(timer),
  };
};
