import type { Charts, TaskFacts } from './report-page.ts';

/** Thousands of tasks stand in a page, so each is a tuple there, in the order of the fields of TaskFacts. */
export type PackedTask = readonly [
  stage: number,
  task: string,
  worker: number,
  startMs: number,
  endMs: number,
  bytesRead: number,
  bytesWritten: number,
  rowsRead: number,
  rowsWritten: number,
  rejected: number,
  isVoid: 0 | 1,
];

/** What a page carries for its script. */
export type PackedCharts = Omit<Charts, 'tasks'> & {
  readonly workers: readonly string[];
  readonly tasks: readonly PackedTask[];
};

export const packCharts = (charts: Charts): PackedCharts => {
  const workers = [...new Set(charts.tasks.flatMap(({ worker }) => (worker === undefined ? [] : [worker])))];
  const indexOf = new Map(workers.map((worker, index) => [worker, index]));
  const pack = (task: TaskFacts): PackedTask => [
    task.stage,
    task.task,
    task.worker === undefined ? -1 : (indexOf.get(task.worker) ?? -1),
    task.startMs,
    task.endMs,
    task.bytesRead,
    task.bytesWritten,
    task.rowsRead,
    task.rowsWritten,
    task.rejected,
    task.isVoid ? 1 : 0,
  ];
  return { ...charts, workers, tasks: charts.tasks.map(pack) };
};

export const unpackCharts = ({ workers, ...packed }: PackedCharts): Charts => ({
  ...packed,
  tasks: packed.tasks.map(
    ([
      stage,
      task,
      worker,
      startMs,
      endMs,
      bytesRead,
      bytesWritten,
      rowsRead,
      rowsWritten,
      rejected,
      isVoid,
    ]) => ({
      stage,
      task,
      worker: workers[worker],
      startMs,
      endMs,
      bytesRead,
      bytesWritten,
      rowsRead,
      rowsWritten,
      rejected,
      isVoid: isVoid === 1,
    }),
  ),
});
