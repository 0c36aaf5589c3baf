import type { ExecutionState, SplitEvent } from '../../contract/execution.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { Plan } from '../../contract/plan.ts';
import { chooseState } from '../../core/choose-state.ts';
import { countTolerated } from '../../core/next-pass.ts';
import type { StageAdvance } from '../advance-stage.ts';
import type { PutPass } from '../put-pass.ts';
import { hasModules } from '../run-modules.ts';
import type { StagePosition } from '../seal.ts';

type Ids = Pick<SplitEvent, 'job' | 'go' | 'reopened'>;

/** A state in which nothing stands yet; each of the functions here fills in what its `next` needs. */
const blank = ({ job, go, reopened }: Ids, run: string): Omit<ExecutionState, 'next'> => ({
  job,
  go,
  reopened,
  run,
  stage: '',
  tasksKey: '',
  itemsKey: '',
  concurrency: 1,
  tolerated: 0,
  pass: { committed: 0, empty: 0 },
  outcome: '',
  failure: { name: '', message: '' },
});

/** The tasks of a pass run next. */
export const passState = (
  ids: Ids,
  plan: Plan,
  pass: {
    readonly position: StagePosition;
    readonly advance: Extract<StageAdvance, { kind: 'pass' }>;
    readonly put: PutPass;
    /** Executions at once, as the deployment allows. */
    readonly mostTasks: number;
  },
): ExecutionState => {
  const { position, advance, put } = pass;
  const stage = plan.stages[position.index];
  if (stage === undefined) throw new Error(`the plan has no stage ${position.index}`);
  const [one] = put.lines;
  const tasks = put.lines.length;
  return {
    ...blank(ids, plan.run),
    next: chooseState({ kind: stage.kind, hasModules: hasModules(stage), tasks }),
    stage: position.stage,
    tasksKey: put.tasksKey,
    itemsKey: put.itemsKey,
    ...(tasks === 1 && one !== undefined ? { one } : {}),
    concurrency: Math.max(1, Math.min(pass.mostTasks, tasks)),
    tolerated: countTolerated(tasks),
    pass: advance.pass,
  };
};

/** All stages are sealed, or an outcome says that the publish is to be finished. */
export const publishState = (ids: Ids, run: string): ExecutionState => ({
  ...blank(ids, run),
  next: 'publish',
});

/** Bytes are gone: the next run does again what is lost. */
export const reopenState = (ids: Ids): ExecutionState => ({
  ...blank({ ...ids, reopened: ids.reopened + 1 }, ''),
  next: 'split',
});

export type Ended = {
  readonly run: string;
  /** Absent where the run stays open to a resume. */
  readonly outcome?: Outcome['kind'];
  readonly failure?: { readonly name: string; readonly message: string };
};

/** A state is far smaller than what a message may hold. */
const MOST_MESSAGE_CHARACTERS = 1_000;

/** Nothing is left to do. */
export const endState = (ids: Ids, { run, outcome, failure }: Ended): ExecutionState => ({
  ...blank(ids, run),
  next: 'end',
  outcome: outcome ?? '',
  failure: {
    name: failure?.name ?? '',
    message: (failure?.message ?? '').slice(0, MOST_MESSAGE_CHARACTERS),
  },
});
