import { createHash } from 'node:crypto';
import { StateError } from '../contract/errors-store.ts';
import type { TaskLine } from '../contract/execution.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import { Task } from '../contract/task.ts';
import type { PackedTaskWeight } from '../contract/trace.ts';
import { tightenPartitions } from '../io/commit-attempt.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { listAmendments, readSealed } from '../io/seal-stage.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A task as the line that it is in every list of tasks, its end included. */
export const renderTask = (task: Task): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(Task.parse(task))}\n`);

/** Tasks as a line each. */
export const renderTasks = (tasks: readonly Task[]): Uint8Array => Buffer.concat(tasks.map(renderTask));

export const hashTasks = (tasks: readonly Task[]): string =>
  createHash('sha256').update(renderTasks(tasks)).digest('hex');

const LINE_FEED = 10;

/** Line by line: an index of the largest plan is hundreds of megabytes, and as one text would be there twice. */
function* parseTasks(key: string, bytes: Uint8Array): Generator<Task> {
  for (let begin = 0, line = 1; begin < bytes.length; line += 1) {
    const found = bytes.indexOf(LINE_FEED, begin);
    const end = found < 0 ? bytes.length : found;
    const parsed = Task.safeParse(readJson(decoder.decode(bytes.subarray(begin, end))));
    if (!parsed.success)
      throw new StateError({ key, problem: `line ${line} is no task` }, { cause: parsed.error });
    yield tightenTask(parsed.data);
    begin = end + 1;
  }
}

/** See tightenPartitions. */
const tightenTask = (task: Task): Task =>
  task.kind === 'partitions'
    ? {
        ...task,
        sources: task.sources.map(([of, run, attempt, extents]) => [
          of,
          run,
          attempt,
          tightenPartitions(extents),
        ]),
      }
    : task;

/** Undefined for what is no JSON, such as a line that is cut off. */
const readJson = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const firstTasksKey = (plan: Plan): string => {
  const [stage = ''] = plan.stageIds;
  return KEYS.tasks.render({ job: plan.job, run: plan.run, stage, attempt: plan.tasks.attempt });
};

/** Puts the tasks of the first stage where the plan says that they are; they are those that its digest covers. */
export const putFirstTasks = async (
  store: ObjectStore,
  plan: Plan,
  tasks: readonly Task[],
): Promise<void> => {
  const key = firstTasksKey(plan);
  if (hashTasks(tasks) !== plan.tasks.sha256) {
    throw new StateError({ key, problem: 'the plan was made for other tasks' });
  }
  await store.putIfAbsent(key, renderTasks(tasks));
};

/** The tasks of a stage as they were cut: of the first by split, of the others by the seal before. */
export const readTasks = async (store: ObjectStore, plan: Plan, index: number): Promise<readonly Task[]> => {
  const key = await readTasksKey(store, plan, index);
  if (key === undefined) {
    const before = { job: plan.job, run: plan.run, stage: plan.stageIds[index - 1] ?? '' };
    throw new StateError({ key: KEYS.sealed.render(before), problem: 'it is not there' });
  }
  const known = latest.get(store);
  if (known?.key === key) return known.tasks;
  // Before the next list is read: two of the largest do not fit a function.
  latest.delete(store);
  const tasks = [...parseTasks(key, await readList(store, key))];
  latest.set(store, { key, tasks });
  return tasks;
};

const readList = async (store: ObjectStore, key: string): Promise<Uint8Array> => {
  const bytes = await store.get(key);
  if (bytes === undefined) throw new StateError({ key, problem: 'it is not there' });
  return bytes;
};

/** Each task of a stage reads the same list, which never changes under its name: one is kept, as long as its store. */
const latest = new WeakMap<ObjectStore, { readonly key: string; readonly tasks: readonly Task[] }>();

/** The weight of each task of a list that is there; of the largest nothing else would fit a function beside it. */
export const readWeights = async (store: ObjectStore, key: string): Promise<readonly PackedTaskWeight[]> => {
  const known = latest.get(store);
  const tasks = known?.key === key ? known.tasks : parseTasks(key, await readList(store, key));
  return Array.from(tasks, ({ task, weightBytes }): PackedTaskWeight => [task, weightBytes]);
};

/** A task by its place in a list, without reading the list. Fails with StateError where there is another one. */
export const readTaskAt = async (
  store: ObjectStore,
  key: string,
  { task, offset, length }: TaskLine,
): Promise<Task> => {
  const bytes = await store.getRange(key, offset, length);
  if (bytes === undefined) throw new StateError({ key, problem: 'it is not there' });
  const [found] = parseTasks(key, bytes);
  if (found?.task === task) return found;
  throw new StateError({ key, problem: `the bytes from ${offset} on hold ${found?.task}, not ${task}` });
};

/** Where the tasks of a stage stand; undefined where the stage before is not sealed. */
export const readTasksKey = async (
  store: ObjectStore,
  plan: Plan,
  index: number,
): Promise<string | undefined> => {
  if (index === 0) return firstTasksKey(plan);
  const ids = { job: plan.job, run: plan.run, stage: plan.stageIds[index - 1] ?? '' };
  const sealed = await readSealed(store, ids);
  // An adopted seal keeps the run that sealed, and its index stands there.
  return sealed && KEYS.index.render({ ...ids, run: sealed.run, attempt: sealed.attempt });
};

/** One task of a stage by its id, among the first ones and those of the amendments. */
export const readTask = async (
  store: ObjectStore,
  plan: Plan,
  { index, task }: { readonly index: number; readonly task: string },
): Promise<Task> => {
  const first = (await readTasks(store, plan, index)).find((each) => each.task === task);
  if (first !== undefined) return first;
  const ids = { job: plan.job, run: plan.run, stage: plan.stageIds[index] ?? '' };
  const amended = (await listAmendments(store, ids)).flatMap(({ tasks }) => tasks);
  const found = amended.find((each) => each.task === task);
  if (found === undefined)
    throw new StateError({ key: `${ids.stage}/${task}`, problem: 'it is no task of the stage' });
  return Task.parse(found);
};
