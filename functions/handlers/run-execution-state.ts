import { ExecutionState } from '../contract/execution.ts';
import type { ExecutionContext } from '../stages/execution/execution-context.ts';
import { readEnvironment } from './environment.ts';
import type { LambdaContext } from './lambda.ts';
import { log, logAbout, MetricUnit, metrics } from './log.ts';
import { withWorld } from './world.ts';

/** In this time copies under way end, of 5 GB each at worst, and manifest, trace and report are put. */
const LAST_STEPS_MS = 180_000;
const LAST_STEPS_SHARE = 0.3;

type Ids = { readonly job: string; readonly run?: string; readonly stage?: string };

/** Runs a state between the passes of a job: what it throws, the state machine gives to `end`. */
export const runExecutionState = <Event extends Ids>(
  state: 'split' | 'seal' | 'publish' | 'end',
  { event, lambda }: { readonly event: Event; readonly lambda: LambdaContext },
  act: (context: ExecutionContext, event: Event) => Promise<ExecutionState>,
): Promise<ExecutionState> => {
  logAbout(state, event);
  const { mostTasks, keepBlocks, sliceBytes } = readEnvironment('mostTasks', 'keepBlocks', 'sliceBytes');
  const startedAt = performance.now();
  return withWorld(lambda, `the state ${state} of ${event.job}`, async (world) => {
    const note = (line: string): void => log.info(line);
    const lastMs = Math.min(LAST_STEPS_MS, lambda.getRemainingTimeInMillis() * LAST_STEPS_SHARE);
    const mayGoOn = (): boolean => lambda.getRemainingTimeInMillis() > lastMs;
    try {
      const next = ExecutionState.parse(
        await act({ ...world, mostTasks, keepBlocks, sliceBytes, mayGoOn, note }, event),
      );
      log.info(`${state} done`, { next: next.next, outcome: next.outcome, failure: next.failure.name });
      if (next.next === 'end' && next.outcome !== '') {
        metrics.addMetric(next.outcome === 'published' ? 'JobsPublished' : 'JobsEnded', MetricUnit.Count, 1);
      }
      return next;
    } catch (error) {
      log.error(`${state} failed`, error as Error);
      throw error;
    } finally {
      metrics.addMetric('StateSeconds', MetricUnit.Seconds, (performance.now() - startedAt) / 1000);
      metrics.publishStoredMetrics();
    }
  });
};
