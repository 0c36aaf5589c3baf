import { JobAtWorkError } from '../contract/errors-store.ts';
import { KEYS } from '../contract/keys.ts';
import { isPublished } from './end-run.ts';
import { openOutput } from './open-output.ts';
import type { JobFacts, JobWord } from './read-job-state.ts';
import type { StageContext } from './stage-context.ts';
import { sweepBlocks } from './sweep-blocks.ts';

/** Somebody works on the job, or will. */
const AT_WORK: ReadonlySet<JobWord> = new Set(['running', 'cancelling', 'publishing', 'waiting']);

/**
 * Deletes all that the store has of a job: blocks, rejects, modules, its state; a claim that it left on its output is
 * given back. What it has published stays, and so do its figures in the history. Can be killed and run again: the job
 * itself goes last. Fails with JobAtWorkError where somebody works on it, or has still to finish its publish.
 */
export const deleteJob = async (
  world: Pick<StageContext, 'store' | 's3'>,
  { job, plan, outcome, word }: JobFacts,
): Promise<void> => {
  const { store } = world;
  const isHalfPublished = word === 'interrupted' && outcome !== undefined && isPublished(outcome);
  if (AT_WORK.has(word) || isHalfPublished) {
    throw new JobAtWorkError({ job: job.job, word: isHalfPublished ? 'half published' : word });
  }
  if (!isPublished(outcome)) await (await openOutput(world, job, plan?.run)).release();
  await sweepBlocks(store, job.job);
  const prefix = KEYS.plan.prefix({ job: job.job });
  const folders: string[] = [];
  for await (const folder of store.listFolders(prefix)) folders.push(folder);
  // The first run last: until then whoever looks finds a run that has ended.
  for (const folder of folders.sort().reverse()) await store.deletePrefix(`${prefix}${folder}/`);
  await store.delete(KEYS.trace.render(job));
  await store.deletePrefix(prefix);
};
