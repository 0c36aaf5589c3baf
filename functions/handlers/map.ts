import type { LambdaContext } from './lambda.ts';
import { runSqlTask } from './run-sql-task.ts';
import { runTaskEvent } from './run-task-event.ts';

/** The function `map`, and its large sibling. */
export const handler = (event: unknown, lambda: LambdaContext): Promise<Record<string, never>> =>
  runTaskEvent('map', { event, lambda }, runSqlTask);
