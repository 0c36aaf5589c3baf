import { InputChangedError } from '../contract/errors-input.ts';
import type { PinnedFile } from '../contract/pinned-input.ts';
import type { Plan } from '../contract/plan.ts';

/** What tells one state of a file from another. */
const pinsOf = ({ sizeBytes, inode, modifiedNs, etag }: PinnedFile): string =>
  JSON.stringify([sizeBytes, inode, modifiedNs, etag]);

/**
 * A job reads what it was planned over: rows of two states of an input never meet in one result. Fails with
 * InputChangedError.
 */
export const requireSameInput = (
  { input: before }: Pick<Plan, 'input'>,
  { input: now }: Pick<Plan, 'input'>,
): void => {
  const pins = new Map(before.files.map((file) => [file.path, file]));
  for (const file of now.files) {
    const { path } = file;
    const pinned = pins.get(path);
    if (pinned === undefined)
      throw new InputChangedError({ path, change: 'is new since the job was planned' });
    if (pinsOf(pinned) !== pinsOf(file))
      throw new InputChangedError({ path, change: 'has changed since the job was planned' });
    pins.delete(path);
  }
  const [gone] = pins.keys();
  if (gone !== undefined)
    throw new InputChangedError({ path: gone, change: 'is gone since the job was planned' });
};
