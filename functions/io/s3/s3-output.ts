/**
 * The output on S3, where nothing can be renamed and no two objects change at once.
 *
 *     s3://bucket/out/_daybreak.json    the claim: one job owns the output; the mark of the last one when it is published
 *     s3://bucket/out/part-…            parts, in the output from the moment they are copied
 *     s3://bucket/out/_manifest.json    names the parts that are the output; whole or absent, put last
 *
 * The law: *at any instant all that the manifest names is there.* A manifest is put when a listing has shown every
 * part of it. What is deleted is named by no manifest that stands, and belongs by its name to the owner or to a job
 * that the owner replaces; the claim names these before they are replaced.
 *
 * Claim and manifest change by If-None-Match and If-Match alone. Who puts a manifest has looked at the one before it,
 * then at the claim. `overwrite` puts the new manifest over the old one, in one request, and deletes the old parts
 * afterwards. So a manifest never goes once one stands, and a runner that comes late, whoever has taken the output
 * over since, meets another manifest than it saw and is refused.
 *
 * A job that was published and replaced never publishes again: its claim stays as a mark, so that no other job takes
 * the output before the report of this one is there, and after that its own late runners are refused a new claim.
 *
 * Every step can be killed and run again. Parts that a late runner copies are in no manifest; it looks at the claim
 * after each copy and takes them back. What it leaves by dying just between goes with the next `overwrite`, or is
 * refused by name where nothing tells any more whose it was. An upload in parts that a death cuts off is never
 * visible; a lifecycle rule of the bucket ends it.
 *
 * Two jobs of the same id give their parts the same names: the later one is refused where the earlier one's stand.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import { type Claim, isSameClaim } from '../../contract/claim.ts';
import { DaybreakError, SpecError } from '../../contract/errors.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { jobOfPart, listedNames } from '../../core/judge-output-object.ts';
import { parseS3Folder } from '../../core/s3-folder.ts';
import type { S3Location } from '../../core/s3-uri.ts';
import type { Output, OutputMode, PartSource } from '../output.ts';
import { shareNext } from '../share-next.ts';
import { claimOutput } from './claim-output.ts';
import { clearOutput } from './clear-output.ts';
import { judgeObjects } from './judge-objects.ts';
import type { OutputObjects } from './output-objects.ts';
import { isOutputOf, isOwnedBy, readOwner, readStanding, requireOwner } from './output-owner.ts';
import { putManifest } from './put-manifest.ts';
import { openS3Objects, type S3OutputOptions } from './s3-output-objects.ts';

/** Copies are made by the store: these hide the time until it answers. Each holds a socket. */
const MAX_COPIES = 32;

/** S3's limit on a key, less the longest name that an object of an output can have. */
const LONGEST_PREFIX_BYTES = 1024 - 160;

/** Opens the output `s3://bucket/prefix/` for the job of the claim; sends nothing. Fails with SpecError. */
export const openS3Output = (
  client: S3Client,
  uri: string,
  claim: Claim,
  options: S3OutputOptions = {},
): Output => openObjectOutput(openS3Objects(client, parseOutputAddress(uri), options), claim);

const parseOutputAddress = (uri: string): S3Location => {
  const refuse = (message: string): never => {
    throw new SpecError([{ path: 'output.uri', message }]);
  };
  const address = parseS3Folder(uri);
  if (address === undefined) {
    const found = JSON.stringify(uri);
    return refuse(`expected s3://bucket/prefix/ without empty components, "." and "..", found ${found}`);
  }
  const bytes = Buffer.byteLength(address.key);
  if (bytes <= LONGEST_PREFIX_BYTES) return address;
  return refuse(`a prefix of at most ${LONGEST_PREFIX_BYTES} bytes was expected, this one has ${bytes}`);
};

/** The law over whatever stores the objects. */
export const openObjectOutput = (objects: OutputObjects, claim: Claim): Output => {
  const { place } = objects;
  const isPublished = async (): Promise<boolean> => isOutputOf(await readStanding(objects), claim);

  /** What failed because another runner of this job was faster is no failure once the output stands. */
  const unlessPublished = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof DaybreakError) || !(await isPublished())) throw error;
    }
  };

  const requireFree = async (mode: OutputMode): Promise<void> => {
    const [owner, standing] = [await readOwner(objects), await readStanding(objects)];
    if (isOutputOf(standing, claim)) return;
    const state = { mode, claim, owner: owner?.claim, manifest: standing?.manifest };
    await judgeObjects(objects, state, objects.list());
  };

  /** The sizes of the parts that are there; undefined where there is nothing to add. */
  const beginAdding = async (): Promise<Map<string, number> | undefined> => {
    if (await isPublished()) return undefined;
    requireOwner(objects, claim, await readOwner(objects));
    const sizes = new Map<string, number>();
    for await (const { name, sizeBytes } of objects.list()) {
      if (jobOfPart(name) === claim.job) sizes.set(name, sizeBytes);
    }
    return sizes;
  };
  let adding: ReturnType<typeof beginAdding> | undefined;

  const readOwnerNext = shareNext(() => readOwner(objects));

  /** Takes a part back where the output went to another job while it was copied. */
  const keepIfOwned = async (name: string, etag: string): Promise<void> => {
    const owner = await readOwnerNext();
    if (isOwnedBy(owner, claim)) return;
    const standing = await readStanding(objects);
    const isOurs = isOutputOf(standing, claim);
    // Of a later run of this job it may be the part.
    const isNobodys = owner === undefined || !isSameClaim(owner.claim, claim);
    if (isNobodys && !(isOurs && listedNames(standing?.manifest).has(name))) {
      await objects.remove([{ name, etag }]);
    }
    if (!isOurs) requireOwner(objects, claim, owner);
  };

  const addPart = async (name: string, source: PartSource): Promise<'added' | 'there'> => {
    if (jobOfPart(name) !== claim.job) {
      throw new Error(`${JSON.stringify(name)} is not a name that a part of job ${claim.job} can have`);
    }
    adding ??= beginAdding();
    let sizes: Map<string, number> | undefined;
    try {
      sizes = await adding;
    } catch (error) {
      adding = undefined;
      throw error;
    }
    if (sizes === undefined || sizes.get(name) === source.sizeBytes) return 'there';
    await keepIfOwned(name, await objects.addPart(name, source));
    sizes.set(name, source.sizeBytes);
    return 'added';
  };

  const finish = async (manifest: Manifest, mode: OutputMode): Promise<void> => {
    if (manifest.job !== claim.job || manifest.submittedAt !== claim.at) {
      throw new Error(`the manifest is of job ${manifest.job}, the output of ${claim.job}`);
    }
    await unlessPublished(() => putManifest(objects, claim, { manifest, mode }));
    adding = undefined;
    await clearOutput(objects, claim);
  };

  return {
    place,
    copiesAtOnce: MAX_COPIES,
    requireFree,
    claim: (wanted) => claimOutput(objects, claim, wanted),
    addPart,
    finish,
    release: () => clearOutput(objects, claim),
    isPublished,
  };
};
