/**
 * Who owns an output on files. The first claim is a link named `_daybreak.json`; a claim that takes over from
 * another is a link named by that other's hash. A link is made once, so that of any number who take over the
 * same claim one wins, and none can take over a claim that has since been followed by another.
 */
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Claim, isLaterRun, isSameClaim } from '../contract/claim.ts';
import { OutputClaimedError, StoreError } from '../contract/errors-store.ts';
import { OUTPUT_KEYS } from '../contract/keys.ts';
import { errorCode, type FileOperations } from './file-operations.ts';
import type { HasEnded } from './output.ts';
import { parseClaim, renderClaim } from './output-state.ts';

/** Each turn follows a claim, a take-over or a release by somebody else at the same moment. */
const MAX_TURNS = 20;

type Owner = { readonly claim: Claim; readonly bytes: Uint8Array };

/** The claim in a file; undefined where none is. Fails with StateError where it cannot be read as one. */
export const readClaim = async (files: FileOperations, path: string): Promise<Owner | undefined> => {
  const bytes = await files.read(path);
  return bytes === undefined ? undefined : { claim: parseClaim(bytes, path), bytes };
};

const nextName = (owner: Owner): string =>
  OUTPUT_KEYS.nextClaim.render({ digest: createHash('sha256').update(owner.bytes).digest('hex') });

/** The last claim of the chain; undefined where nobody owns the output. */
export const readOwner = async (files: FileOperations, folder: string): Promise<Owner | undefined> => {
  let owner = await readClaim(files, join(folder, OUTPUT_KEYS.claim.render({})));
  while (owner !== undefined) {
    const next = await readClaim(files, join(folder, nextName(owner)));
    if (next === undefined) return owner;
    owner = next;
  }
  return undefined;
};

/** Links the claim to its name; false where somebody was there first, or removed the folder. */
const linkClaim = async (
  files: FileOperations,
  folder: string,
  claim: Claim,
  name: string,
): Promise<boolean> => {
  const staged = join(folder, `_staged-${randomUUID()}`);
  try {
    await files.writeSynced(staged, renderClaim(claim));
    await files.link(staged, join(folder, name));
    await files.syncFolder(folder);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' || errorCode(error) === 'ENOENT') return false;
    throw error;
  } finally {
    await files.remove(staged);
  }
};

const requireEnded = async (
  { path, folder }: { readonly path: string; readonly folder: string },
  claim: Claim,
  hasEnded: HasEnded,
): Promise<void> => {
  const isEnded = await hasEnded(claim);
  if (isEnded === true) return;
  const facts = { output: path, owner: claim.job };
  throw new OutputClaimedError(isEnded === undefined ? { ...facts, unknownIn: folder } : facts);
};

/**
 * Takes the claim for a job, from nobody, from an earlier run of the job or from a job that has ended; `previous` is
 * the claim of that other job. Not new where the claim was this job's already. Fails with OutputClaimedError.
 */
export const takeClaim = async (
  files: FileOperations,
  output: { readonly path: string; readonly folder: string },
  wanted: { readonly claim: Claim; readonly hasEnded: HasEnded },
): Promise<{ readonly isNew: boolean; readonly previous?: Claim }> => {
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    await files.makeFolder(output.folder);
    const owner = await readOwner(files, output.folder);
    const isOwn = owner !== undefined && isSameClaim(owner.claim, wanted.claim);
    if (isOwn && !isLaterRun(wanted.claim, owner.claim)) return { isNew: false };
    if (owner !== undefined && !isOwn) await requireEnded(output, owner.claim, wanted.hasEnded);
    const name = owner === undefined ? OUTPUT_KEYS.claim.render({}) : nextName(owner);
    if (!(await linkClaim(files, output.folder, wanted.claim, name))) continue;
    // A claim that was released while this one was linked behind it has left this one behind nobody.
    const now = await readOwner(files, output.folder);
    if (now === undefined || !isSameClaim(now.claim, wanted.claim)) continue;
    if (isOwn) return { isNew: false };
    return owner === undefined ? { isNew: true } : { isNew: true, previous: owner.claim };
  }
  throw new StoreError({
    operation: 'claim',
    key: output.path,
    reason: `other jobs claimed and released it ${MAX_TURNS} times meanwhile`,
  });
};
