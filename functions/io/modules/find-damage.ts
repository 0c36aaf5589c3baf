/**
 * What a user's code may change for everything else in its process. Names that are added are the business of who adds
 * them, as libraries do; what is listed here changes what others write and read.
 */
const { stringify, parse } = JSON;
const { toString: objectToString } = Object.prototype;

const PROTOTYPES = { Object, Array, String, Number, Boolean, Map, Set, Promise, Error } as const;

/** Says what of the built-in objects is no longer as it was when this process began; undefined where all is. */
export const findDamage = (): string | undefined => {
  for (const [name, { prototype }] of Object.entries(PROTOTYPES)) {
    if (Object.hasOwn(prototype, 'toJSON')) return `${name}.prototype.toJSON`;
  }
  // Only what is enumerable appears in objects that others make.
  const [extra] = Object.keys(Object.prototype);
  if (extra !== undefined) return `Object.prototype.${extra}`;
  if (JSON.stringify !== stringify) return 'JSON.stringify';
  if (JSON.parse !== parse) return 'JSON.parse';
  if (Object.prototype.toString !== objectToString) return 'Object.prototype.toString';
  return undefined;
};
