/**
 * A job built in TypeScript: the flights of vega-datasets, by route. In a clone of Daybreak:
 *
 *   npx node examples/builder.ts > job.json && npx daybreak run job.json --show 5
 *
 * Elsewhere import from 'daybreak'.
 */
import { job } from '../cli/index.ts';

const spec = job('delays-by-route', { errors: { max_rejects: '1%' } })
  .read('node_modules/vega-datasets/data/flights-3m.parquet')
  .filter('delay IS NOT NULL')
  .select({ origin: 'origin', destination: 'destination', delay: 'delay', is_late: 'delay > 15' })
  .groupBy(['origin', 'destination'], {
    flights: 'count(*)',
    late: 'count(*) FILTER (WHERE is_late)',
    mean_delay: 'avg(delay)',
  })
  .sort({ by: ['mean_delay DESC', 'flights DESC'], limit: 20 })
  .write('out/delays-by-route/', { format: 'parquet', mode: 'overwrite' })
  .toSpec();

console.log(JSON.stringify(spec, null, 2));
