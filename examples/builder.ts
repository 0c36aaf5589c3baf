/** A job built in TypeScript. Run it with `node examples/builder.ts > job.json`, then `daybreak run job.json`. */
import { job } from '../cli/index.ts';

const spec = job('delays-by-carrier', { errors: { max_rejects: '1%' } })
  .read('data/flights-*.csv', { schema: 'union' })
  .filter('delay IS NOT NULL')
  .select({ origin: 'origin', destination: 'destination', delay: 'delay', is_late: 'delay > 15' })
  .groupBy(['origin', 'destination'], {
    flights: 'count(*)',
    late: 'count(*) FILTER (WHERE is_late)',
    mean_delay: 'avg(delay)',
  })
  .sort({ by: ['mean_delay DESC', 'flights DESC'], limit: 20 })
  .write('out/delays/', { format: 'parquet', mode: 'overwrite' })
  .toSpec();

console.log(JSON.stringify(spec, null, 2));
