import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { LogFormat } from './log-format.ts';

/** Lines of JSON, with the ids of what they are about: see {@link logAbout}. */
export const log = new Logger({ serviceName: 'daybreak', logFormatter: new LogFormat() });

/** In embedded metric format: the state is the only dimension, ids of jobs are properties that cost nothing. */
export const metrics = new Metrics({ namespace: 'Daybreak', serviceName: 'daybreak' });
export { MetricUnit };

type About = {
  readonly job?: string;
  readonly run?: string;
  readonly stage?: string;
  readonly task?: string;
};

/** What the lines and metrics of this invocation are about; those of the last one are forgotten. */
export const logAbout = (state: string, { job, run, stage, task }: About): void => {
  log.resetKeys();
  const ids = Object.fromEntries(
    Object.entries({ job, run, stage, task }).filter(([, id]) => id !== undefined && id !== ''),
  );
  log.appendKeys({ state, ...ids });
  metrics.clearMetrics();
  metrics.clearDimensions();
  metrics.clearMetadata();
  metrics.addDimension('state', state);
  for (const [name, id] of Object.entries(ids)) metrics.addMetadata(name, id as string);
};
