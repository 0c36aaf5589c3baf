import { dispatchJobs } from '../stages/dispatch/dispatch-jobs.ts';
import { sweepSlots } from '../stages/dispatch/sweep-slots.ts';
import { log, logAbout, MetricUnit, metrics } from './log.ts';
import { openDispatch } from './open-dispatch.ts';

/** The function `monitor`, each minute: finds what a dispatch lost. */
export const handler = async (): Promise<void> => {
  logAbout('monitor', {});
  const context = openDispatch();
  const { freed, stopped } = await sweepSlots(context);
  const started = await dispatchJobs(context);
  if (freed.length + stopped.length + started.length > 0) log.info('swept', { freed, stopped, started });
  metrics.addMetric('MonitorTick', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
};
