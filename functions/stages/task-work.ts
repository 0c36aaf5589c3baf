import type { DuckDBConnection } from '@duckdb/node-api';
import type { WrittenObject } from '../contract/commit.ts';
import type { TaskIds } from '../contract/ids.ts';
import type { PinnedFile } from '../contract/pinned-input.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
import type { Task } from '../contract/task.ts';
import type { TaskSource } from './open-task-source.ts';

/** A task with its place in the plan. */
export type TaskWork = {
  readonly plan: Plan;
  readonly stage: PlannedStage;
  readonly index: number;
  readonly ids: TaskIds;
  readonly task: Task;
};

/** A task's own folders: what it writes, what it copied of its slice, and where the engine spills. */
export type TaskFolders = { readonly out: string; readonly slice: string; readonly spill: string };

/** A finished file in a task's folder, on its way into the store. */
export type KeptFile = { readonly path: string; readonly object: WrittenObject };

/** Puts a file of rejected rows under the attempt's own name, and says where it is: to the store, and to people. */
export type KeepRejectsFile = (file: KeptFile) => Promise<{ readonly key: string; readonly place: string }>;

/** A task's session with the engine. */
export type TaskQuery = {
  readonly connection: DuckDBConnection;
  readonly connect: () => Promise<DuckDBConnection>;
  readonly work: TaskWork;
  readonly folders: TaskFolders;
  readonly source: TaskSource;
  /** Whether bad rows are passed over and kept; otherwise the first one ends the query. */
  readonly tolerant: boolean;
  readonly keep: KeepRejectsFile;
};

/** The input files that a task reads, to be as they were pinned before and after. */
export const filesOf = ({ plan, task }: TaskWork): readonly PinnedFile[] => {
  if (task.kind === 'input') return plan.input.files;
  if (task.kind === 'partitions') return [];
  const slices = task.kind === 'ranges' ? task.ranges : task.rows;
  return [...new Set(slices.map(({ file }) => file))].flatMap((file) => plan.input.files[file] ?? []);
};
