import { UsageError } from '../functions/contract/errors-command.ts';
import { JobNotFoundError } from '../functions/contract/errors-store.ts';
import { isId } from '../functions/contract/ids.ts';
import { KEYS } from '../functions/contract/keys.ts';
import { suggestName } from '../functions/core/suggest-name.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import { listJobs } from '../functions/stages/read-job-state.ts';

/** Of ids that begin alike so many are named. */
const MOST_NAMED = 5;

/**
 * The id of the job that is meant: as it is given, or the only one that begins so. Fails with UsageError where several
 * do, and with JobNotFoundError, which names one that is near.
 */
export const findJobId = async (store: ObjectStore, given: string): Promise<string> => {
  if (isId('job', given) && (await store.head(KEYS.job.render({ job: given }))) !== undefined) return given;
  const all = await listJobs(store);
  const found = given === '' ? [] : all.filter((job) => job.startsWith(given));
  const [one, ...more] = found;
  if (one !== undefined && more.length === 0) return one;
  if (one === undefined) throw new JobNotFoundError(given, { nearest: suggestName(given, all) });
  const named = found.slice(0, MOST_NAMED).join(', ');
  const rest = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : '';
  throw new UsageError(`${found.length} jobs begin with ${JSON.stringify(given)}: ${named}${rest}`);
};
