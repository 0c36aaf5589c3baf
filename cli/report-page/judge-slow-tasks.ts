import { medianOf } from './median.ts';
import type { SlowTask, TaskFacts } from './report-page.ts';

/** How many are listed. */
const MOST = 12;

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

/** The slowest tasks of all stages, slowest first, each against the median of its stage. */
export const judgeSlowTasks = (
  tasks: readonly TaskFacts[],
  stages: readonly string[],
): readonly SlowTask[] => {
  const counted = tasks.filter(({ isVoid }) => !isVoid);
  const medians = stages.map((_, stage) => mediansOf(counted.filter((task) => task.stage === stage)));
  const firsts = firstOfWorkers(counted);
  return [...counted]
    .sort((left, right) => secondsOf(right) - secondsOf(left))
    .slice(0, MOST)
    .map((task) => {
      const median = medians[task.stage] ?? mediansOf([task]);
      const alike = counted.reduce((count, { stage }) => count + Number(stage === task.stage), 0);
      const seconds = secondsOf(task);
      const ratios = {
        ratio: ratioOf(seconds, median.seconds),
        bytesRatio: ratioOf(task.bytesRead, median.bytes),
        rowsRatio: ratioOf(task.rowsRead, median.rows),
      };
      const outRatio = ratioOf(task.bytesWritten, median.out);
      const why =
        alike === 1
          ? 'the only task of its stage'
          : explain({ ...ratios, outRatio, isFirst: firsts.has(task) });
      return {
        stage: stages[task.stage] ?? '',
        task: task.task,
        worker: task.worker ?? '',
        seconds,
        ...ratios,
        bytesRead: task.bytesRead,
        rowsRead: task.rowsRead,
        why,
      };
    });
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
