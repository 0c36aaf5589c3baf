import { TaskEvent } from '../contract/execution.ts';
import type { TaskIds } from '../contract/ids.ts';
import type { RunContext } from '../stages/begin-run.ts';
import { haltRun } from '../stages/halt-run.ts';
import type { TaskPlace } from '../stages/run-task.ts';
import type { CommitSummary } from '../stages/workers/worker-messages.ts';
import type { LambdaContext } from './lambda.ts';
import { log, logAbout, MetricUnit, metrics } from './log.ts';
import { withWorld } from './world.ts';

/** Runs the task; undefined where its stage was sealed without it. */
export type RunTaskEvent = (
  world: RunContext,
  ids: TaskIds,
  place: TaskPlace,
) => Promise<CommitSummary | undefined>;

/**
 * Runs one task to its commit. Answers nothing: commits judge, and the answers of a whole Map have 256 KiB together.
 * What it throws has the name of its row in the table of failures.
 */
export const runTaskEvent = async (
  state: 'map' | 'reduce' | 'modules',
  { event, lambda }: { readonly event: unknown; readonly lambda: LambdaContext },
  run: RunTaskEvent,
): Promise<Record<string, never>> => {
  const { tasksKey, offset, length, ...ids } = TaskEvent.parse(event);
  logAbout(state, ids);
  const startedAt = performance.now();
  await withWorld(lambda, `${ids.stage} ${ids.task}`, async (world) => {
    try {
      const commit = await run(world, ids, { task: ids.task, tasksKey, offset, length });
      log.info('task done', { ...commit });
      metrics.addMetric('RowsWritten', MetricUnit.Count, commit?.rows ?? 0);
      metrics.addMetric('RowsRejected', MetricUnit.Count, commit?.rejected ?? 0);
      metrics.addMetric('BytesWritten', MetricUnit.Bytes, commit?.sizeBytes ?? 0);
    } catch (error) {
      log.error('task failed', error as Error);
      metrics.addMetric('TasksFailed', MetricUnit.Count, 1);
      await haltRun(world, ids, error);
      throw error;
    } finally {
      metrics.addMetric('TaskSeconds', MetricUnit.Seconds, (performance.now() - startedAt) / 1000);
      metrics.publishStoredMetrics();
    }
  });
  return {};
};
