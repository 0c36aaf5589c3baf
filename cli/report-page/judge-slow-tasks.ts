import { medianOf } from '../../functions/core/median.ts';
import type { SlowTask, TaskFacts } from './report-page.ts';

/** How many are listed; below SLOW_RATIO no more than a few, to show that there is no slow one. */
const MOST = 12;
const MOST_ALIKE = 3;

/** Below this a task is as slow as its like: noise needs no reason. */
const SLOW_RATIO = 1.5;

/** What explains at least this part of the slowness is named as its reason. */
const EXPLAINS_SHARE = 0.6;

type Medians = {
  readonly seconds: number;
  readonly bytes: number;
  readonly rows: number;
  readonly out: number;
};

/** The tasks that took the most time over the median of their stage, most first. */
export const judgeSlowTasks = (
  tasks: readonly TaskFacts[],
  stages: readonly string[],
): readonly SlowTask[] => {
  const counted = tasks.filter(({ isVoid }) => !isVoid);
  const groups = stages.map((_, stage) => counted.filter((task) => task.stage === stage));
  const medians = groups.map(mediansOf);
  const firsts = firstOfWorkers(counted);
  const judged = counted.map((task) => {
    const { seconds, bytes, rows, out } = medians[task.stage] ?? mediansOf([task]);
    const ratios = {
      ratio: ratioOf(secondsOf(task), seconds),
      bytesRatio: ratioOf(task.bytesRead, bytes),
      rowsRatio: ratioOf(task.rowsRead, rows),
    };
    return { task, ratios, outRatio: ratioOf(task.bytesWritten, out), lost: secondsOf(task) - seconds };
  });
  judged.sort((left, right) => right.lost - left.lost || secondsOf(right.task) - secondsOf(left.task));
  const slow = judged.filter(({ ratios }) => ratios.ratio >= SLOW_RATIO).length;
  return judged.slice(0, Math.min(MOST, Math.max(slow, MOST_ALIKE))).map(({ task, ratios, outRatio }) => ({
    stage: stages[task.stage] ?? '',
    task: task.task,
    worker: task.worker ?? '',
    seconds: secondsOf(task),
    ...ratios,
    bytesRead: task.bytesRead,
    rowsRead: task.rowsRead,
    why:
      groups[task.stage]?.length === 1
        ? 'the only task of its stage'
        : explain({ ...ratios, outRatio, isFirst: firsts.has(task) }),
  }));
};

const secondsOf = ({ startMs, endMs }: TaskFacts): number => (endMs - startMs) / 1000;

const ratioOf = (value: number, median: number): number => (median === 0 ? 1 : value / median);

const mediansOf = (tasks: readonly TaskFacts[]): Medians => ({
  seconds: medianOf(tasks.map(secondsOf)),
  bytes: medianOf(tasks.map(({ bytesRead }) => bytesRead)),
  rows: medianOf(tasks.map(({ rowsRead }) => rowsRead)),
  out: medianOf(tasks.map(({ bytesWritten }) => bytesWritten)),
});

/** The first task that each worker began: it pays for what is opened once. */
const firstOfWorkers = (tasks: readonly TaskFacts[]): ReadonlySet<TaskFacts> => {
  const firsts = new Map<string, TaskFacts>();
  for (const task of tasks) {
    if (task.worker === undefined) continue;
    const first = firsts.get(task.worker);
    if (first === undefined || task.startMs < first.startMs) firsts.set(task.worker, task);
  }
  return new Set(firsts.values());
};

const explain = (facts: {
  readonly ratio: number;
  readonly bytesRatio: number;
  readonly rowsRatio: number;
  readonly outRatio: number;
  readonly isFirst: boolean;
}): string => {
  const { ratio, bytesRatio, rowsRatio, outRatio, isFirst } = facts;
  if (ratio < SLOW_RATIO) return 'about as long as its like';
  const explains = (other: number): boolean => other - 1 >= (ratio - 1) * EXPLAINS_SHARE;
  if (explains(bytesRatio)) return `it read ${times(bytesRatio)} the bytes`;
  if (explains(rowsRatio)) return `it read ${times(rowsRatio)} the rows`;
  if (explains(outRatio)) return `it wrote ${times(outRatio)} the bytes`;
  if (isFirst) return 'the first task of its worker, which opens what the others find open';
  const most = Math.max(bytesRatio, rowsRatio, outRatio);
  return most >= SLOW_RATIO
    ? `${times(most)} the data explains a part; the rest is the machine or the values`
    : 'no more data than its like: the machine or the values';
};

const times = (ratio: number): string => `${ratio.toFixed(1)}x`;
