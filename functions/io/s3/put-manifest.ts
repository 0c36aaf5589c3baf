import type { Claim } from '../../contract/claim.ts';
import { StateError } from '../../contract/errors-store.ts';
import type { Manifest } from '../../contract/manifest.ts';
import { jobOfPart, listedNames } from '../../core/judge-output-object.ts';
import type { OutputMode } from '../output.ts';
import { renderClaim, renderManifest } from '../output-state.ts';
import { judgeObjects } from './judge-objects.ts';
import type { FoundObject, OutputObjects } from './output-objects.ts';
import {
  CLAIM,
  inTurns,
  isOutputOf,
  MANIFEST,
  readOwner,
  readStanding,
  requireOwner,
} from './output-owner.ts';

/**
 * Makes the manifest of the owner the one that stands, over that of the job it replaces, when every part of it is
 * there and nothing else of its own is. Nothing to do where its job's manifest stands.
 */
export const putManifest = (
  objects: OutputObjects,
  claim: Claim,
  { manifest, mode }: { readonly manifest: Manifest; readonly mode: OutputMode },
): Promise<void> => {
  const bytes = renderManifest(manifest);
  const listed = listedNames(manifest);
  return inTurns({ operation: 'publish', key: objects.place }, async () => {
    // First, so that whoever has lost the output since meets another one when it puts its own.
    const standing = await readStanding(objects);
    if (isOutputOf(standing, claim)) return 'settled';
    const found: FoundObject[] = [];
    for await (const each of objects.list()) found.push(each);
    const owner = requireOwner(objects, claim, await readOwner(objects));
    const state = { mode, claim, owner: owner.claim, manifest: standing?.manifest };
    const replaces = await judgeObjects(objects, state, found);
    requireListed(objects, manifest, found);
    await objects.remove(found.filter(({ name }) => jobOfPart(name) === claim.job && !listed.has(name)));
    const named = new Set(owner.claim.replaces);
    if (!replaces.every((job) => named.has(job))) {
      // Before it is replaced, so that a death after that leaves nothing that nobody takes away.
      const both = [...new Set([...named, ...replaces])];
      await objects.write(CLAIM, renderClaim({ ...owner.claim, replaces: both }), owner.etag);
      return 'again';
    }
    return (await objects.write(MANIFEST, bytes, standing?.etag)) === 'written' ? 'settled' : 'again';
  });
};

/** Fails with StateError where a part that the manifest names is not there, or has another size. */
const requireListed = ({ place }: OutputObjects, manifest: Manifest, found: readonly FoundObject[]): void => {
  const sizes = new Map(found.map(({ name, sizeBytes }) => [name, sizeBytes]));
  for (const { name, sizeBytes } of [...manifest.parts, ...manifest.rejects]) {
    const size = sizes.get(name);
    if (size === sizeBytes) continue;
    const problem =
      size === undefined
        ? 'the manifest names it, and it is not there'
        : `it has ${size} bytes, the manifest says ${sizeBytes}`;
    throw new StateError({ key: place + name, problem });
  }
};
