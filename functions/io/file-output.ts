/**
 * The output on files. Claim and output live in a hidden sibling folder; the output appears by one rename, whole.
 *
 *     out/                          absent, or the old output, until the rename
 *     .out.daybreak/_daybreak.json  the claim
 *     .out.daybreak/{job}/          the output as it grows: parts, _rejects/, _daybreak.json, last _manifest.json
 *     .out.daybreak/_old/           with `overwrite`: the old output, aside
 *
 * Every step can be killed and run again: claim, addPart and finish find what they did before. `overwrite` is two
 * renames, and a death just between them leaves no output under its name. Then both are whole in the hidden
 * folder: `finish` run again puts the new one in place, `release` and another job's claim put the old one back.
 * A late runner of the same job can move the new output aside in place of the old one: whatever stands aside is
 * looked at after the rename that took it, and this job's own output is put back, never removed.
 */
import { randomUUID } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { type Claim, isLaterRun, isSameClaim } from '../contract/claim.ts';
import { DaybreakError } from '../contract/errors.ts';
import { OutputClaimedError, OutputExistsError, StateError } from '../contract/errors-store.ts';
import { OUTPUT_KEYS } from '../contract/keys.ts';
import type { Manifest } from '../contract/manifest.ts';
import {
  absentAsUndefined,
  asStoreError,
  errorCode,
  type FileOperations,
  linkOrCopy,
  nodeFiles,
} from './file-operations.ts';
import { judgeExisting } from './judge-existing.ts';
import type { HasEnded, Output, OutputMode, PartSource } from './output.ts';
import { readClaim, readOwner, takeClaim } from './output-claim.ts';
import { renderClaim, renderManifest } from './output-state.ts';

const CLAIM = OUTPUT_KEYS.claim.render({});
const MANIFEST = OUTPUT_KEYS.manifest.render({});
const OLD = '_old';

/** A copy is a link, or where that cannot be a whole block read and written: more only compete for one disk. */
const MAX_COPIES = 4;
const DISCARDED = '_discarded-';

/** Opens an output folder for the job of the claim; touches nothing but links on the way. */
export const openFileOutput = async (
  outputDir: string,
  claim: Claim,
  files: FileOperations = nodeFiles,
): Promise<Output> => {
  const path = await resolveOutput(files, outputDir);
  const parent = dirname(path);
  const folder = join(parent, `.${basename(path)}.daybreak`);
  const built = join(folder, claim.job);
  const old = join(folder, OLD);

  const isOutputOf = async (place: string, wanted: Claim): Promise<boolean> => {
    const owner = await readClaim(files, join(place, CLAIM));
    return (
      owner !== undefined &&
      isSameClaim(owner.claim, wanted) &&
      (await files.stat(join(place, MANIFEST))) !== undefined
    );
  };

  const isPublished = (): Promise<boolean> => isOutputOf(path, claim);

  /** What failed because another runner of this job was faster is no failure once the output stands. */
  const unlessPublished = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!isCrossing(error) || !(await isPublished())) throw error;
    }
  };

  const isOwnedByOther = async (): Promise<boolean> => {
    const owner = await readOwner(files, folder);
    return owner !== undefined && !(isSameClaim(owner.claim, claim) && !isLaterRun(owner.claim, claim));
  };

  const requireOwner = async (): Promise<void> => {
    const owner = await readOwner(files, folder);
    if (owner === undefined)
      throw new StateError({ key: path, problem: `job ${claim.job} has not claimed it` });
    if (!isSameClaim(owner.claim, claim))
      throw new OutputClaimedError({ output: path, owner: owner.claim.job });
  };

  /** Puts back what stands aside where the publish of `ended` was cut off after the first of its renames. */
  const restoreOld = async (ended: Claim): Promise<void> => {
    if ((await files.stat(old)) === undefined || (await files.stat(path)) !== undefined) return;
    const isCutOff =
      (await files.stat(join(folder, ended.job))) !== undefined || (await isOutputOf(old, ended));
    if (!isCutOff) return;
    await files.rename(old, path);
    await files.syncFolder(parent);
  };

  /** Removes a folder under a name that nobody takes twice; this job's own output goes back to its place. */
  const discard = async (aside: string): Promise<void> => {
    if (!(await isOutputOf(aside, claim))) return files.remove(aside);
    try {
      await files.rename(aside, path);
      await files.syncFolder(parent);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      if (!(await isPublished())) throw filledMeanwhile(path, error);
      await files.remove(aside);
    }
  };

  /** An old output on its way out is never mistaken for one to be put back. */
  const discardOld = async (): Promise<void> => {
    if ((await files.stat(old)) === undefined) return;
    const discarded = join(folder, `${DISCARDED}${randomUUID()}`);
    try {
      await files.rename(old, discarded);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw error;
    }
    await discard(discarded);
  };

  /** None where another runner of this job has removed the folder. */
  const hiddenNames = async (): Promise<readonly string[]> =>
    (await absentAsUndefined(files.names(folder))) ?? [];

  /** What an earlier owner left, or this one built. */
  const clearFolder = async (): Promise<void> => {
    await discardOld();
    for (const name of await hiddenNames()) {
      // A late runner of this job moves things aside at any moment.
      if (name === OLD) await discardOld();
      else if (name.startsWith(DISCARDED)) await discard(join(folder, name));
      // One that a claimer has staged at this moment goes too: it tries again.
      else if (!isClaimName(name)) await files.remove(join(folder, name));
    }
  };

  /** The first claim goes before those behind it, for a claim without it is nobody's; then others may come in. */
  const removeFolder = async (): Promise<void> => {
    if ((await files.stat(folder)) === undefined) return;
    await clearFolder();
    const claims = (await hiddenNames()).filter(isClaimName);
    await files.remove(join(folder, CLAIM));
    for (const name of claims) if (name !== CLAIM) await files.remove(join(folder, name));
    await files.removeEmptyFolder(folder);
    await files.syncFolder(parent);
  };

  const takeOutput = async (mode: OutputMode, hasEnded: HasEnded): Promise<void> => {
    if (await isOutputOf(old, claim)) await discardOld();
    if (await isPublished()) return;
    await unlessPublished(() => judgeExisting(files, path, mode));
    await files.makeFolder(parent);
    const taken = await takeClaim(files, { path, folder }, { claim, hasEnded });
    if (!taken.isNew) return;
    await files.syncFolder(parent);
    if (taken.previous !== undefined) await restoreOld(taken.previous);
    await clearFolder();
    try {
      // The earlier owner may have published while this claim was on its way.
      await judgeExisting(files, path, mode);
    } catch (error) {
      await removeFolder();
      throw error;
    }
  };

  const placePart = async (name: string, sourcePath: string): Promise<'added' | 'there'> => {
    if (OUTPUT_KEYS.part.parse(name) === undefined && OUTPUT_KEYS.rejects.parse(name) === undefined) {
      throw new Error(`${JSON.stringify(name)} is not a name that a part can have`);
    }
    if (await isPublished()) return 'there';
    await requireOwner();
    const target = join(built, name);
    const staged = join(folder, `_part-${randomUUID()}`);
    await files.makeFolder(dirname(target));
    try {
      await linkOrCopy(files, sourcePath, staged);
      await files.rename(staged, target);
    } finally {
      // A rename onto the same file leaves both names.
      await files.remove(staged);
    }
    return 'added';
  };

  const writeState = async (name: string, bytes: Uint8Array): Promise<void> => {
    const staged = join(folder, `_state-${randomUUID()}`);
    await files.writeSynced(staged, bytes);
    await files.rename(staged, join(built, name));
  };

  const moveAside = async (): Promise<void> => {
    try {
      await files.rename(path, old);
    } catch (error) {
      // Another runner of this job has moved it aside.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  };

  const swapIn = async (mode: OutputMode): Promise<void> => {
    await judgeExisting(files, path, mode);
    if ((await files.stat(path)) !== undefined && (await files.names(path)).length > 0) {
      if (await isPublished()) return;
      // One that stands aside already was followed by the one that stands there now.
      await discardOld();
      await moveAside();
      // Another runner of this job has put its output there since it was looked at.
      if (await isOutputOf(old, claim)) return discardOld();
    }
    try {
      await files.rename(built, path);
    } catch (error) {
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      throw filledMeanwhile(path, error);
    }
    await files.syncFolder(folder);
    await files.syncFolder(parent);
  };

  const buildOutput = async (manifest: Manifest, mode: OutputMode): Promise<void> => {
    await requireOwner();
    await keepListed(files, built, manifest);
    await writeState(CLAIM, renderClaim(claim));
    await writeState(MANIFEST, renderManifest(manifest));
    await files.syncFolder(built);
    await swapIn(mode);
  };

  const publish = async (manifest: Manifest, mode: OutputMode): Promise<void> => {
    if (await isOutputOf(old, claim)) await discardOld();
    if (!(await isPublished())) await unlessPublished(() => buildOutput(manifest, mode));
    if (!(await isOwnedByOther())) await removeFolder();
  };

  const giveBack = async (): Promise<void> => {
    if (await isOwnedByOther()) return;
    await restoreOld(claim);
    await removeFolder();
  };

  const guarded = async <Result>(operation: string, act: () => Promise<Result>): Promise<Result> => {
    try {
      return await act();
    } catch (error) {
      throw asStoreError(error, { operation, key: path, isUnknown: true });
    }
  };

  return {
    place: path,
    copiesAtOnce: MAX_COPIES,
    requireFree: (mode) => guarded('look at the output', () => judgeExisting(files, path, mode)),
    claim: ({ mode, hasEnded }) => guarded('claim the output', () => takeOutput(mode, hasEnded)),
    addPart: (name, source) =>
      guarded(`add ${name} to the output`, () => placePart(name, requireLocalPath(source))),
    finish: (manifest, mode) => guarded('publish the output', () => publish(manifest, mode)),
    release: () => guarded('release the output', giveBack),
    isPublished: () => guarded('read the output', isPublished),
  };
};

const requireLocalPath = ({ store, key }: PartSource): string => {
  const path = store.localPath(key);
  if (path === undefined) throw new Error('an output on files needs a store on files');
  return path;
};

/** Of a runner that another one of the same job has overtaken. */
const isCrossing = (error: unknown): boolean =>
  error instanceof DaybreakError || ['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '');

const filledMeanwhile = (output: string, cause: unknown): OutputExistsError =>
  new OutputExistsError({ output, found: 'it was filled meanwhile' }, { cause });

const isClaimName = (name: string): boolean =>
  name === CLAIM || OUTPUT_KEYS.nextClaim.parse(name) !== undefined;

/** The path without links, as far as it exists. */
const resolveOutput = async (files: FileOperations, outputDir: string): Promise<string> => {
  const wanted = resolve(outputDir);
  if (wanted === dirname(wanted)) {
    throw new OutputExistsError({ output: wanted, found: 'it is the root of the file system' });
  }
  const real = await files.realPath(wanted);
  if (real !== undefined) return real;
  const missing: string[] = [];
  for (let each = wanted; ; each = dirname(each)) {
    const there = await files.realPath(each);
    if (there !== undefined) return join(there, ...missing.reverse());
    missing.push(basename(each));
  }
};

/** Removes from the new output what the manifest does not list; fails with StateError where a part is not there. */
const keepListed = async (files: FileOperations, built: string, manifest: Manifest): Promise<void> => {
  const listed = new Map(
    [...manifest.parts, ...manifest.rejects].map(({ name, sizeBytes }) => [name, sizeBytes]),
  );
  await files.makeFolder(built);
  for (const [name, sizeBytes] of listed) {
    const facts = await files.stat(join(built, name));
    if (facts?.sizeBytes === sizeBytes) continue;
    const found = facts === undefined ? 'it was not added' : `it has ${facts.sizeBytes} bytes`;
    throw new StateError({ key: join(built, name), problem: `${found}, the manifest says ${sizeBytes}` });
  }
  const folders = new Set([...listed.keys()].map((name) => dirname(name)).filter((name) => name !== '.'));
  for (const name of await files.names(built)) {
    // Claim and manifest may be those of another runner of this job, which is about to rename the folder.
    const isState = name === CLAIM || name === MANIFEST;
    if (!isState && !listed.has(name) && !folders.has(name)) await files.remove(join(built, name));
  }
  for (const each of folders) {
    for (const name of await files.names(join(built, each))) {
      if (!listed.has(`${each}/${name}`)) await files.remove(join(built, each, name));
    }
    await files.syncFolder(join(built, each));
  }
};
