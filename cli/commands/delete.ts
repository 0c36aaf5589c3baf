import { StateError } from '../../functions/contract/errors-store.ts';
import { deleteJob } from '../../functions/stages/delete-job.ts';
import {
  type JobFacts,
  type JobWord,
  listJobs,
  readJobFacts,
} from '../../functions/stages/read-job-state.ts';
import type { PlaceOptions } from '../cloud/place-options.ts';
import { openPlace } from '../place.ts';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** `daybreak delete`: jobs by their whole ids, and what the work folder has of them; their outputs stay. */
export const deleteJobs = async (ids: readonly string[], options: PlaceOptions): Promise<void> => {
  const { world } = await openPlace(options);
  for (const id of ids) {
    const facts = await readJobFacts(world, id);
    await deleteJob(world, facts);
    print(describeDeleted(facts));
  }
};

const describeDeleted = ({ job, word }: JobFacts): string =>
  word === 'published' || word === 'partial'
    ? `job ${job.job} is deleted; its output ${job.spec.output.uri} stays`
    : `job ${job.job} is deleted; it was ${word}`;

export type CleanOptions = PlaceOptions & {
  /** In seconds. */
  readonly olderThan: number;
  readonly yes?: boolean;
};

/** One that was interrupted may be resumed: it is deleted by name alone. */
const ENDED: ReadonlySet<JobWord> = new Set(['published', 'partial', 'cancelled', 'failed', 'refused']);

/**
 * `daybreak clean`: deletes jobs that ended longer ago than that. What is in a deployment is perhaps other people's:
 * there it takes a second word.
 */
export const clean = async ({ olderThan, yes, ...options }: CleanOptions): Promise<void> => {
  const { world, cloud, name } = await openPlace(options);
  const isListed = cloud !== undefined && yes !== true;
  const until = world.now().getTime() - olderThan * 1000;
  let deleted = 0;
  for (const id of await listJobs(world.store)) {
    const facts = await readFacts(world, id);
    if (facts === undefined || !ENDED.has(facts.word) || endedAtMs(facts) > until) continue;
    if (isListed) print(`job ${id}: ${facts.word}`);
    else {
      await deleteJob(world, facts);
      print(describeDeleted(facts));
    }
    deleted += 1;
  }
  const jobs = `${deleted} ${deleted === 1 ? 'job' : 'jobs'}`;
  print(isListed ? `${jobs} of ${name} would be deleted: say --yes` : `${jobs} deleted`);
};

/** A job that cannot be read keeps no other from being deleted, and says so. */
const readFacts = async (
  world: Parameters<typeof readJobFacts>[0],
  id: string,
): Promise<JobFacts | undefined> => {
  try {
    return await readJobFacts(world, id);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    print(`job ${id} cannot be read, and stays: ${error.message}`);
    return undefined;
  }
};

const endedAtMs = ({ report, outcome, job }: JobFacts): number =>
  Date.parse(report?.finishedAt ?? outcome?.at ?? job.submittedAt);
