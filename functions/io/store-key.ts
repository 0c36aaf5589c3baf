/** A component of a key: never empty, never hidden, never a way out, the same on all file systems. */
const COMPONENT = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,199}$/u;
/** S3's limit on a key. */
const MAX_KEY_BYTES = 1024;

export const isKeyComponent = (name: string): boolean => COMPONENT.test(name);

export const isKey = (key: string): boolean =>
  key.length <= MAX_KEY_BYTES && key.split('/').every(isKeyComponent);

/** Returns the key, or throws: keys come from contract/keys.ts, so a bad one is a mistake of ours. */
export const requireKey = (key: string): string => {
  if (isKey(key)) return key;
  throw new Error(`${JSON.stringify(key)} is not a valid key`);
};

/** A key's beginning: empty, or whole components and the beginning of one more. */
export const requirePrefix = (prefix: string): string => {
  if (prefix === '' || isKey(prefix) || (prefix.endsWith('/') && isKey(prefix.slice(0, -1)))) return prefix;
  throw new Error(`${JSON.stringify(prefix)} is not the prefix of a valid key`);
};

/** A prefix of whole components: empty, or ending in `/`. */
export const requireFolder = (prefix: string): string => {
  if (prefix === '' || prefix.endsWith('/')) return requirePrefix(prefix);
  throw new Error(`${JSON.stringify(prefix)} does not end in "/"`);
};
