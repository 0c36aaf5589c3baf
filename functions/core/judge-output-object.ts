import { type Claim, isSameClaim } from '../contract/claim.ts';
import { OUTPUT_KEYS } from '../contract/keys.ts';
import type { Manifest } from '../contract/manifest.ts';

/** Whose an output on S3 is, and what a job may do about it. */
export type OutputState = {
  readonly mode: 'fail' | 'overwrite';
  /** Of the job that asks. */
  readonly claim: Claim;
  /** Of the job that has claimed the output; undefined where none has. */
  readonly owner: Claim | undefined;
  /** The manifest that stands: of another job, or of something else; undefined where none stands. */
  readonly manifest: Manifest | 'unreadable' | undefined;
};

/** `leftover`: a part of a job whose claim was taken over, or of an output that was replaced. */
export type ObjectVerdict =
  | { readonly kind: 'fine' }
  | { readonly kind: 'leftover'; readonly job: string }
  | { readonly kind: 'foreign'; readonly found: string };

const CLAIM = OUTPUT_KEYS.claim.render({});
const MANIFEST = OUTPUT_KEYS.manifest.render({});
const FINE: ObjectVerdict = { kind: 'fine' };

/** The job that a part or a file of rejects belongs to, as its name says; undefined for any other name. */
export const jobOfPart = (name: string): string | undefined =>
  (OUTPUT_KEYS.part.parse(name) ?? OUTPUT_KEYS.rejects.parse(name))?.job;

export const listedNames = (manifest: Manifest | 'unreadable' | undefined): ReadonlySet<string> =>
  manifest === undefined || manifest === 'unreadable'
    ? new Set()
    : new Set([...manifest.parts, ...manifest.rejects].map(({ name }) => name));

/** Why the manifest that stands is not replaced, as a sentence's end; undefined where it may be. */
export const judgeStandingManifest = ({ mode, claim, manifest }: OutputState): string | undefined => {
  if (manifest === undefined) return undefined;
  if (manifest === 'unreadable') {
    return mode === 'fail' ? `it has a ${MANIFEST}` : `its ${MANIFEST} is not one that Daybreak writes`;
  }
  if (mode === 'fail') return `it has the output of the job ${manifest.job}`;
  // The new parts would take the place of the old ones while the old manifest still names them.
  if (manifest.job === claim.job) {
    return `it has the output of an earlier job of the same id, ${claim.job}; submit under another id, or delete it`;
  }
  return undefined;
};

/** Judges the objects of an output by their names relative to it: what Daybreak did not write there is foreign. */
export const createObjectJudge = (state: OutputState): ((name: string) => ObjectVerdict) => {
  const { mode, claim, owner, manifest } = state;
  const isOwner = owner !== undefined && isSameClaim(owner, claim);
  const leftoverJobs = new Set(owner?.replaces);
  if (owner !== undefined && !isOwner) leftoverJobs.add(owner.job);
  const listed = listedNames(mode === 'overwrite' ? manifest : undefined);
  return (name) => {
    // An empty name is what consoles put for a folder.
    if (name === '' || name === CLAIM || name === MANIFEST) return FINE;
    const job = jobOfPart(name);
    if (job === claim.job) {
      return isOwner
        ? FINE
        : foreign(`${name} of an earlier job of the same id; submit under another id, or move that away`);
    }
    if (listed.has(name)) return FINE;
    if (job !== undefined && leftoverJobs.has(job)) return { kind: 'leftover', job };
    if (mode === 'fail') return foreign(name);
    return manifest === undefined
      ? foreign(`${name} and no ${MANIFEST}, so it was not written by Daybreak`)
      : foreign(`${name}, which its ${MANIFEST} does not list; move that away first`);
  };
};

const foreign = (what: string): ObjectVerdict => ({ kind: 'foreign', found: `it has ${what}` });
