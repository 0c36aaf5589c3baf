import { distance } from 'fastest-levenshtein';

/** Longer input is not a slip of the keys; comparing it would cost time that an attacker chooses. */
const LONGEST_NAME_COMPARED = 128;

/** Slips allowed: one in a word of up to three letters, two up to seven, three beyond. */
const slipsAllowed = (length: number): number => (length <= 3 ? 1 : length <= 7 ? 2 : 3);

const fold = (name: string): string => name.toLowerCase().replaceAll(/[-_\s]/g, '');

/**
 * Names the known word that was most likely meant, or `undefined` where none is near.
 * Case, `-`, `_` and blanks do not count; a word that begins another (`aggs`, `descriptions`) is near too.
 * Of words equally near, the one nearest in length wins, as `median` for `medain`; then the first in the order of `known`.
 */
export const suggestName = (found: string, known: Iterable<string>): string | undefined => {
  if (found.length > LONGEST_NAME_COMPARED) return undefined;
  const wanted = fold(found);
  if (wanted === '') return undefined;
  let nearest: { readonly name: string; readonly slips: number; readonly longer: number } | undefined;
  let prefix: string | undefined;
  for (const name of known) {
    if (name === found || name.length > LONGEST_NAME_COMPARED) continue;
    const folded = fold(name);
    const slips = distance(wanted, folded);
    const isNear = slips <= slipsAllowed(Math.max(wanted.length, folded.length)) && slips < folded.length;
    const longer = Math.abs(wanted.length - folded.length);
    const isNearer =
      nearest === undefined || slips < nearest.slips || (slips === nearest.slips && longer < nearest.longer);
    if (isNear && isNearer) nearest = { name, slips, longer };
    const shorter = Math.min(wanted.length, folded.length);
    if (shorter >= 3 && (folded.startsWith(wanted) || wanted.startsWith(folded))) prefix ??= name;
  }
  return nearest?.name ?? prefix;
};
