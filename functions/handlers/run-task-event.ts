import { TaskEvent } from '../contract/execution.ts';
import { haltRun } from '../stages/halt-run.ts';
import { runTask } from '../stages/run-task.ts';
import type { LambdaContext } from './lambda.ts';
import { log, logAbout, MetricUnit, metrics } from './log.ts';
import { withWorld } from './world.ts';

/**
 * Runs one task to its commit, for the functions `map` and `reduce`. Answers nothing: commits judge, and the answers
 * of a whole Map have 256 KiB together. What it throws has the name of its row in the table of failures.
 */
export const runTaskEvent = async (
  state: 'map' | 'reduce',
  event: unknown,
  lambda: LambdaContext,
): Promise<Record<string, never>> => {
  const { tasksKey, offset, length, ...ids } = TaskEvent.parse(event);
  logAbout(state, ids);
  const startedAt = performance.now();
  await withWorld(lambda, `${ids.stage} ${ids.task}`, async (world) => {
    try {
      const commit = await runTask(world, ids, { task: ids.task, tasksKey, offset, length });
      const { read = 0, rejected = 0 } = commit?.counts ?? {};
      log.info('task done', {
        attempt: commit?.attempt,
        rows: commit?.rows,
        read,
        rejected,
        sizeBytes: commit?.block.sizeBytes,
      });
      metrics.addMetric('RowsRead', MetricUnit.Count, read);
      metrics.addMetric('RowsRejected', MetricUnit.Count, rejected);
      metrics.addMetric('BytesWritten', MetricUnit.Bytes, commit?.block.sizeBytes ?? 0);
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
