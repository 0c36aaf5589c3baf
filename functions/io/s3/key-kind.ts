import { BLOCK_FOLDER, KEYS } from '../../contract/keys.ts';

/** What an object of the store is, as its key says: the names of {@link KEYS}, blocks, and what is none of these. */
export type KeyKind = keyof typeof KEYS | 'block' | 'several' | 'other';

const kinds = Object.entries(KEYS) as [keyof typeof KEYS, (typeof KEYS)[keyof typeof KEYS]][];

export const kindOfKey = (key: string): KeyKind => {
  if (key.startsWith(BLOCK_FOLDER)) return 'block';
  return kinds.find(([, { parse }]) => parse(key) !== undefined)?.[0] ?? 'other';
};

/** What stands below a prefix: `several` where objects of different kinds can. */
export const kindOfPrefix = (prefix: string): KeyKind => {
  if (prefix.startsWith(BLOCK_FOLDER)) return 'block';
  const found = kinds.filter(([, { template }]) => isBelow(template, prefix));
  return found.length > 1 ? 'several' : (found[0]?.[0] ?? 'other');
};

const isBelow = (template: string, prefix: string): boolean => {
  const wanted = template.split('/');
  const given = prefix.split('/');
  const last = given.pop() ?? '';
  return (
    given.length < wanted.length &&
    given.every((part, index) => isLike(wanted[index] ?? '', part)) &&
    startsLike(wanted[given.length] ?? '', last)
  );
};

const isLike = (wanted: string, part: string): boolean => wanted.includes('{') || wanted === part;
const startsLike = (wanted: string, begin: string): boolean =>
  wanted.includes('{') || wanted.startsWith(begin);
