/**
 * What the state machine carries between its states: ids, keys and small numbers, never data. One definition runs
 * every job; what differs is here.
 */
import * as z from 'zod';
import { JobId, RunId, StageId, TaskId } from './ids.ts';
import { OUTCOMES } from './stages.ts';

const Bytes = z.int().min(0);

/** A line of the object that a Map iterates: the task lies in `tasksKey` of its event, at these bytes. */
export const TaskLine = z
  .strictObject({ task: TaskId, offset: Bytes, length: Bytes.min(1) })
  .meta({ id: 'TaskLine' });
export type TaskLine = z.infer<typeof TaskLine>;

/** The event of the functions that run a task: map, reduce, modules and their large siblings. */
export const TaskEvent = z
  .strictObject({ job: JobId, run: RunId, stage: StageId, tasksKey: z.string(), ...TaskLine.shape })
  .meta({ id: 'TaskEvent' });
export type TaskEvent = z.infer<typeof TaskEvent>;

/** The input of an execution, and the event of `split`. `go` counts the executions of a run. */
export const SplitEvent = z
  .strictObject({
    job: JobId,
    go: z.int().min(1),
    reopened: z.int().min(0).describe('how often bytes were lost, so that a next run was opened'),
  })
  .meta({ id: 'SplitEvent' });
export type SplitEvent = z.infer<typeof SplitEvent>;

/**
 * Which state comes next, and the only thing that the one Choice looks at. Behind `map`, `reduce` and `modules` is a
 * Map over all missing tasks; behind `-one` a single task without a Map Run. `publish-more`: publish again, there
 * are parts left. `split`: bytes are gone, the next run is opened. `end`: nothing is left to do.
 */
export const NEXT_STATES = [
  'map',
  'map-one',
  'reduce',
  'reduce-one',
  'modules',
  'modules-one',
  'publish',
  'split',
  'end',
] as const;
export const NextState = z.enum(NEXT_STATES);
export type NextState = z.infer<typeof NextState>;

/**
 * What the state holds from `split` to the end; each of split, seal, publish and end returns it anew. Fields that a
 * state reads by path are always there, empty where they mean nothing.
 */
export const ExecutionState = z
  .strictObject({
    ...SplitEvent.shape,
    next: NextState,
    run: z.union([RunId, z.literal('')]).describe('empty where no run was opened'),
    stage: z.union([StageId, z.literal('')]),
    tasksKey: z.string().describe('the object with the tasks of this pass'),
    itemsKey: z.string().describe('the object with a TaskLine for each of them'),
    one: TaskLine.optional().describe('the only task of the pass, behind `-one`'),
    concurrency: z.int().min(1).describe('most children of the Map at once'),
    tolerated: z.int().min(0).describe('failed children that the Map bears: commits judge, not children'),
    pass: z.strictObject({
      committed: z.int().min(0).describe('tasks with a commit before this pass'),
      empty: z.int().min(0).describe('passes one after another that committed nothing new'),
    }),
    outcome: z
      .union([z.enum(OUTCOMES), z.literal('')])
      .describe('how the job ended, where next is `end`; empty where it stays open to resume'),
    failure: z
      .strictObject({ name: z.string(), message: z.string() })
      .describe('why it ended so; both empty where nothing failed'),
  })
  .meta({ id: 'ExecutionState' });
export type ExecutionState = z.infer<typeof ExecutionState>;

/** The event of `dispatch` from the last state of an execution: the name of it. */
export const DispatchEvent = z.strictObject({ execution: z.string() });
export type DispatchEvent = z.infer<typeof DispatchEvent>;

/**
 * The event of `dispatch` from EventBridge, which tells how every execution ended.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export const ExecutionEnded = z.looseObject({
  source: z.literal('aws.states'),
  detail: z.looseObject({ name: z.string(), status: z.string() }),
});
export type ExecutionEnded = z.infer<typeof ExecutionEnded>;

/** What a Catch puts beside the state. */
export const CaughtError = z.looseObject({ Error: z.string(), Cause: z.string().optional() });
export type CaughtError = z.infer<typeof CaughtError>;

/** The event of `end`: the state as it was when something failed in it, with the error. */
export const EndEvent = z.looseObject({ ...SplitEvent.shape, error: CaughtError });
export type EndEvent = z.infer<typeof EndEvent>;

/** What the state machine itself leaves of a task whose execution failed: see KEYS.failure. */
export const FailureNote = z.looseObject({ Error: z.string(), Cause: z.string().optional() });
export type FailureNote = z.infer<typeof FailureNote>;
