import { type Claim, isLaterRun, isSameClaim } from '../../contract/claim.ts';
import { OutputClaimedError, StateError, StoreError } from '../../contract/errors-store.ts';
import { OUTPUT_KEYS } from '../../contract/keys.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { parseClaim, parseManifest } from '../output-state.ts';
import type { OutputObjects } from './output-objects.ts';

export const CLAIM = OUTPUT_KEYS.claim.render({});
export const MANIFEST = OUTPUT_KEYS.manifest.render({});

export type Owner = { readonly claim: Claim; readonly etag: string };
/** A manifest that stands; `unreadable` where it is not one that Daybreak writes. */
export type Standing = { readonly manifest: Manifest | 'unreadable'; readonly etag: string };

/** Undefined where nobody has claimed the output. Fails with StateError where the claim is none. */
export const readOwner = async (objects: OutputObjects): Promise<Owner | undefined> => {
  const found = await objects.read(CLAIM);
  if (found === undefined) return undefined;
  return { claim: parseClaim(found.bytes, objects.place + CLAIM), etag: found.etag };
};

export const readStanding = async (objects: OutputObjects): Promise<Standing | undefined> => {
  const found = await objects.read(MANIFEST);
  return found && { manifest: parseManifest(found.bytes) ?? 'unreadable', etag: found.etag };
};

/** Whether the manifest that stands is of the job that made the claim. */
export const isOutputOf = (standing: Standing | undefined, { job, at }: Claim): boolean =>
  standing !== undefined &&
  standing.manifest !== 'unreadable' &&
  standing.manifest.job === job &&
  standing.manifest.submittedAt === at;

/** Whether the output is the claim's: of its job, and of no later run of that. */
export const isOwnedBy = (owner: Owner | undefined, claim: Claim): boolean =>
  owner !== undefined && isSameClaim(owner.claim, claim) && !isLaterRun(owner.claim, claim);

/** Fails with StateError or OutputClaimedError, which says who else owns the output. */
export const requireOwner = (objects: OutputObjects, claim: Claim, owner: Owner | undefined): Owner => {
  const key = objects.place;
  if (owner === undefined) throw new StateError({ key, problem: `job ${claim.job} has not claimed it` });
  if (isOwnedBy(owner, claim)) return owner;
  if (!isSameClaim(owner.claim, claim)) throw new OutputClaimedError({ output: key, owner: owner.claim.job });
  throw new StateError({ key, problem: `run ${owner.claim.run} of job ${claim.job} has taken it over` });
};

/** Each turn follows a write by somebody else at the same moment, or one that no answer came to. */
const MAX_TURNS = 8;

/**
 * Takes turns until one has settled: each reads anew. Waiting is the client's own; these turns only settle what a
 * crossed write or a lost reply left open.
 */
export const inTurns = async (
  facts: { readonly operation: string; readonly key: string },
  turn: () => Promise<'settled' | 'again'>,
): Promise<void> => {
  let failure: StoreError | undefined;
  for (let count = 1; count <= MAX_TURNS; count += 1) {
    try {
      if ((await turn()) === 'settled') return;
    } catch (error) {
      if (!(error instanceof StoreError && error.isUnknown)) throw error;
      failure = error;
    }
  }
  const reason = `others wrote to it ${MAX_TURNS} times meanwhile`;
  throw failure ?? new StoreError({ ...facts, reason });
};
