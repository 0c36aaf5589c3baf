import { LimitError } from '../contract/errors-input.ts';
import { INPUT_LIMITS, type PinnedFile } from '../contract/pinned-input.ts';
import { hasGlob, isHidden, unfoldBraces } from '../core/match-glob.ts';
import { suggestName } from '../core/suggest-name.ts';

/**
 * A file that an address names. `written` is the path as the spec writes it and what lies below: hive folders are
 * looked for in it alone. Of an object in S3 the listing tells size and ETag too.
 */
export type Found = {
  readonly path: string;
  readonly written: string;
  readonly object?: Required<Pick<PinnedFile, 'sizeBytes' | 'etag'>>;
};

/** What one address names; `isFolder` says that it names a folder. */
export type Listing = { readonly found: Found[]; readonly uri: string; readonly isFolder: boolean };

/** Throws LimitError. */
export const addFound = (listing: Listing, file: Found): void => {
  listing.found.push(file);
  if (listing.found.length > INPUT_LIMITS.files)
    throw new LimitError({
      what: `files of the input ${JSON.stringify(listing.uri)}`,
      found: `more than ${INPUT_LIMITS.files}`,
      limit: String(INPUT_LIMITS.files),
      advice: 'join small files, or name fewer',
    });
};

/** Throws LimitError. */
export const unfoldPattern = (pattern: string, { uri }: Pick<Listing, 'uri'>): readonly string[] => {
  const patterns = unfoldBraces(pattern);
  if (patterns !== undefined) return patterns;
  throw new LimitError({
    what: `the pattern ${JSON.stringify(uri)}`,
    found: 'more than 1000 alternatives',
    limit: '1000',
  });
};

const NEAREST_SHOWN = 3;

/** Says which name a folder lacks, and which of its names, in order, are nearest. */
export const nearestOf = (facts: {
  readonly folder: string;
  readonly segment: string;
  readonly names: readonly string[];
}): { readonly reason: string; readonly nearest: readonly string[] } => {
  const { folder, segment, names } = facts;
  const nearest = suggestName(segment, names);
  const shown =
    nearest === undefined ? names.filter((name) => !isHidden(name)).slice(0, NEAREST_SHOWN) : [nearest];
  const lacks = hasGlob(segment) ? 'nothing that matches' : 'no';
  return { reason: `the folder ${folder} has ${lacks} ${JSON.stringify(segment)}`, nearest: shown };
};
