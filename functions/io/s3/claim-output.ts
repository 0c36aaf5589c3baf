import { type Claim, isLaterRun, isSameClaim } from '../../contract/claim.ts';
import { OutputClaimedError, OutputExistsError } from '../../contract/errors-store.ts';
import type { ClaimOptions } from '../output.ts';
import { renderClaim } from '../output-state.ts';
import { clearOutput } from './clear-output.ts';
import { judgeObjects } from './judge-objects.ts';
import type { OutputObjects } from './output-objects.ts';
import { CLAIM, inTurns, isOutputOf, readOwner, readStanding, type Standing } from './output-owner.ts';

/**
 * Takes the output for the job, from nobody, from an earlier run of it or from a job that has ended, and judges what
 * stands there before and after. Nothing to do where the job has published already.
 */
export const claimOutput = (
  objects: OutputObjects,
  claim: Claim,
  { mode, hasEnded, hasPublished = async () => false }: ClaimOptions,
): Promise<void> => {
  // Whether this call has taken it: then it gives it back where it is refused.
  let isNew = false;
  return inTurns({ operation: 'claim', key: objects.place }, async () => {
    const owner = await readOwner(objects);
    const isOwn = owner !== undefined && isSameClaim(owner.claim, claim);
    const isEnded = owner === undefined || isOwn || (await hasEnded(owner.claim));
    const isReplaced = (!isOwn || isNew) && (await hasPublished());
    // After the questions, so that it shows the last that an ended job has done.
    const standing = await readStanding(objects);
    // Another runner of this job may have published while this claim was on its way.
    if (isOutputOf(standing, claim)) return 'settled';
    if (owner !== undefined && isEnded !== true) requireForgotten(objects, { ...owner, isEnded, standing });
    let replaces: readonly string[];
    try {
      if (isReplaced) throw replacedSince(objects, claim);
      const state = { mode, claim, owner: owner?.claim, manifest: standing?.manifest };
      replaces = await judgeObjects(objects, state, objects.list());
    } catch (error) {
      if (isNew && error instanceof OutputExistsError) await clearOutput(objects, claim);
      throw error;
    }
    if (isOwn && !isLaterRun(claim, owner.claim)) return 'settled';
    const replaced = isOwn ? [...replaces, ...(owner.claim.replaces ?? [])] : replaces;
    const written = await objects.write(CLAIM, renderClaim(withReplaces(claim, replaced)), owner?.etag);
    if (written === 'written' && !isOwn) isNew = true;
    // What came while this claim was on its way is judged as well.
    return 'again';
  });
};

const replacedSince = ({ place }: OutputObjects, { job }: Claim): OutputExistsError =>
  new OutputExistsError({ output: place, found: `job ${job} has published it, and it was replaced since` });

const withReplaces = (claim: Claim, jobs: readonly string[]): Claim =>
  jobs.length === 0 ? claim : { ...claim, replaces: [...new Set(jobs)] };

/** A job that nobody here knows has ended where its output is complete. Otherwise fails with OutputClaimedError. */
const requireForgotten = (
  { place }: OutputObjects,
  facts: {
    readonly claim: Claim;
    readonly isEnded: false | undefined;
    readonly standing: Standing | undefined;
  },
): void => {
  const isUnknown = facts.isEnded === undefined;
  if (isUnknown && isOutputOf(facts.standing, facts.claim)) return;
  const owned = { output: place, owner: facts.claim.job };
  throw new OutputClaimedError(isUnknown ? { ...owned, unknownIn: place + CLAIM } : owned);
};
