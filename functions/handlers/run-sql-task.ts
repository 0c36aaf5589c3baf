import { runTask } from '../stages/run-task.ts';
import { summarizeCommit } from '../stages/workers/summarize-commit.ts';
import type { RunTaskEvent } from './run-task-event.ts';

/** Runs a task of SQL in this very process. */
export const runSqlTask: RunTaskEvent = async (world, ids, place) =>
  summarizeCommit(await runTask(world, ids, place));
