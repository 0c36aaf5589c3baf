import type { Report } from '../../functions/contract/report.ts';
import { medianOf } from '../../functions/core/median.ts';
import type { RunTrace } from './read-tasks.ts';
import type { StageSummary, TaskFacts } from './report-page.ts';

/** Each stage that began, in numbers. Times are of the tasks that this run did itself. */
export const summarizeStages = (
  report: Report,
  trace: RunTrace,
  tasks: readonly TaskFacts[],
): readonly StageSummary[] =>
  trace.opened.stages.flatMap(({ stage, kind, expectedSeconds }, index) => {
    const counted = report.stages.find((each) => each.stage === stage);
    if (counted === undefined) return [];
    const own = tasks.filter((task) => task.stage === index && !task.isVoid);
    const times = own.map(({ startMs, endMs }) => (endMs - startMs) / 1000);
    const workers = countWorkers(own);
    const seconds = wallSeconds(own);
    // The start before the first task; where others adopted that one, it was not in this run.
    const engineSeconds = own.length < counted.tasks ? 0 : (counted.infer?.startSeconds ?? 0);
    return [
      {
        stage,
        kind,
        tasks: counted.tasks,
        adopted: counted.tasks - own.length,
        workers,
        seconds: seconds + engineSeconds,
        expectedSeconds,
        busyShare: seconds === 0 ? 1 : times.reduce((sum, time) => sum + time, 0) / (seconds * workers),
        medianSeconds: medianOf(times),
        slowestSeconds: times.reduce((slowest, time) => Math.max(slowest, time), 0),
        bytesRead: own.reduce((sum, task) => sum + task.bytesRead, 0),
        bytesWritten: counted.bytesWritten,
        rowsRead: counted.counts.read,
        rowsWritten: counted.counts.written,
      },
    ];
  });

/** From the first start to the last end. */
const wallSeconds = (tasks: readonly TaskFacts[]): number => {
  const first = tasks.reduce((start, task) => Math.min(start, task.startMs), Number.POSITIVE_INFINITY);
  const last = tasks.reduce((end, task) => Math.max(end, task.endMs), Number.NEGATIVE_INFINITY);
  return tasks.length === 0 ? 0 : (last - first) / 1000;
};

/**
 * Workers that there were at once: one that died is followed by another in its place. No more than those that are
 * named, and tasks that name none.
 */
const countWorkers = (tasks: readonly TaskFacts[]): number => {
  const named = new Set(tasks.flatMap(({ worker }) => (worker === undefined ? [] : [worker])));
  const isNamed = tasks.every(({ worker }) => worker !== undefined);
  const most = mostAtOnce(tasks);
  return Math.max(1, isNamed ? Math.min(named.size, most) : most);
};

const mostAtOnce = (tasks: readonly TaskFacts[]): number => {
  const changes = tasks
    .flatMap(({ startMs, endMs }) => [[startMs, 1] as const, [endMs, -1] as const])
    // At one instant an end comes before a start.
    .sort(([left, leftChange], [right, rightChange]) => left - right || leftChange - rightChange);
  let [now, most] = [0, 0];
  for (const [, change] of changes) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
};
