import type { DaybreakError } from '../contract/errors.ts';
import { JobCancelledError } from '../contract/errors-store.ts';
import { WorkerDiedError, WorkerTaskError } from '../contract/errors-worker.ts';
import type { Plan } from '../contract/plan.ts';
import type { Sealed } from '../contract/sealed.ts';
import type { Task } from '../contract/task.ts';
import { nextPass, type Pass } from '../core/next-pass.ts';
import { readFailureNotes } from '../io/failure-notes.ts';
import { readHalt } from '../io/halt.ts';
import { readSealed } from '../io/seal-stage.ts';
import { amendOutgrown } from './amend-outgrown.ts';
import { explainCaught } from './explain-caught.ts';
import { readStage, type StageStanding } from './read-stage.ts';
import { type StagePosition, seal } from './seal.ts';
import type { StageContext } from './stage-context.ts';

export type StageAdvance =
  | { readonly kind: 'sealed'; readonly sealed: Sealed }
  /** Some tasks have no commit: they run in the next pass. `isWhole`: they are the first list, as it was cut. */
  | {
      readonly kind: 'pass';
      readonly tasks: readonly Task[];
      readonly isWhole: boolean;
      readonly pass: Pass;
      /** Why there is another pass, where something was amended. */
      readonly reason?: string;
    };

/**
 * Judges a stage behind a pass, whose executions may have succeeded or not: only commits count. Seals it where all
 * is there; else says what has to run, with what outgrew its machine halved. `pass` is absent before the first one.
 *
 * Fails with the failure that halted the run, with JobCancelledError, with the tasks' own failure where passes lead
 * nowhere, and as {@link seal} does.
 */
export const advanceStage = async (
  context: StageContext,
  plan: Plan,
  { position, pass }: { readonly position: StagePosition; readonly pass?: Pass },
): Promise<StageAdvance> => {
  const { store } = context;
  const sealed = await readSealed(store, position);
  if (sealed !== undefined) return { kind: 'sealed', sealed };
  await requireNotHalted(context, position);
  const standing = await readStage(store, plan, position);
  if (standing.missing.length > 0) {
    return pass === undefined ? passOver(standing) : advancePass(context, plan, { position, pass, standing });
  }
  const result = await seal(context, plan, position, standing);
  if (result.kind === 'sealed') return result;
  return passOver(await readStage(store, plan, position), { reason: result.reason });
};

const requireNotHalted = async ({ store }: StageContext, { job, run }: StagePosition): Promise<void> => {
  const halt = await readHalt(store, { job, run });
  if (halt === undefined) return;
  const { failure } = halt;
  if (halt.reason === 'cancel' || failure === undefined) throw new JobCancelledError({ job, run });
  throw new WorkerTaskError({ ...failure, task: failure.task ?? '', attempts: 1 });
};

type Left = {
  readonly position: StagePosition;
  readonly pass: Pass;
  readonly standing: StageStanding;
};

const advancePass = async (
  context: StageContext,
  plan: Plan,
  { position, pass, standing }: Left,
): Promise<StageAdvance> => {
  const failures = await readFailures(context, position, standing.missing);
  const missing = new Set(standing.missing);
  const outgrown = standing.tasks.flatMap((task) => {
    const failure = failures.get(task.task);
    return missing.has(task.task) && failure?.row.retry === 'again-with-more-memory'
      ? [{ task, failure }]
      : [];
  });
  if (outgrown.length > 0) {
    const { amendments } = standing;
    const reason = await amendOutgrown(context, plan, { position, amendments, tasks: outgrown });
    return passOver(await readStage(context.store, plan, position), { reason });
  }
  const next = nextPass(pass, standing.done.length);
  if (next !== undefined) return passOver(standing, { pass: next });
  const [task = ''] = standing.missing;
  const where = `${position.stage} ${task}`;
  throw (
    [...failures.values()][0] ??
    new WorkerDiedError({ task: where, how: 'ended without a word, or never began,' })
  );
};

const readFailures = async (
  { store }: StageContext,
  position: StagePosition,
  missing: readonly string[],
): Promise<ReadonlyMap<string, DaybreakError>> => {
  const notes = await readFailureNotes(store, position, missing);
  return new Map(
    missing.flatMap((task) => {
      const note = notes.get(task);
      return note === undefined ? [] : [[task, explainCaught(`${position.stage} ${task}`, note)] as const];
    }),
  );
};

const passOver = (
  { tasks, missing, done, amendments }: StageStanding,
  facts: { readonly pass?: Pass; readonly reason?: string } = {},
): StageAdvance => {
  const wanted = new Set(missing);
  return {
    kind: 'pass',
    tasks: tasks.filter(({ task }) => wanted.has(task)),
    isWhole: done.length === 0 && amendments === 0,
    pass: facts.pass ?? { committed: done.length, empty: 0 },
    ...(facts.reason === undefined ? {} : { reason: facts.reason }),
  };
};
