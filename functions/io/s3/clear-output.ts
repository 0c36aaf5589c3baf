import type { Claim } from '../../contract/claim.ts';
import { jobOfPart, listedNames } from '../../core/judge-output-object.ts';
import type { FoundObject, OutputObjects } from './output-objects.ts';
import { CLAIM, isOutputOf, isOwnedBy, readOwner, readStanding } from './output-owner.ts';

/**
 * Deletes the parts of the owner, and of the jobs that it replaces, that no manifest names; then its claim, unless its
 * output is published. Does nothing where the output belongs to another job, or to a later run of this one.
 */
export const clearOutput = async (objects: OutputObjects, claim: Claim): Promise<void> => {
  // Whoever never owned it lists nothing: there may be any number of objects of others.
  if (!isOwnedBy(await readOwner(objects), claim)) return;
  const parts = await listParts(objects);
  // After the listing, so that no part of a later owner, be it a later run of this job, is in it.
  const owner = await readOwner(objects);
  if (owner === undefined || !isOwnedBy(owner, claim)) return;
  // After that, so that it names what an earlier owner has published, who has ended by now.
  const standing = await readStanding(objects);
  const listed = listedNames(standing?.manifest);
  const jobs = new Set([claim.job, ...(owner.claim.replaces ?? [])]);
  await objects.remove(parts.filter(({ name, job }) => jobs.has(job) && !listed.has(name)));
  if (!isOutputOf(standing, claim)) await objects.remove([{ name: CLAIM, etag: owner.etag }]);
};

const listParts = async (objects: OutputObjects): Promise<readonly (FoundObject & { job: string })[]> => {
  const parts: (FoundObject & { job: string })[] = [];
  for await (const found of objects.list()) {
    const job = jobOfPart(found.name);
    if (job !== undefined) parts.push({ ...found, job });
  }
  return parts;
};
