const STRING_AND_COLON = /"(?:[^"\\]|\\.)*"(\s*:)?/gs;

/** Whether some object of a JSON text has a key more than once; `value` is what JSON.parse made of the text. */
export const hasRepeatedKeys = (text: string, value: unknown): boolean => {
  let written = 0;
  for (const [, colon] of text.matchAll(STRING_AND_COLON)) if (colon !== undefined) written += 1;
  return written !== countKeys(value);
};

const countKeys = (value: unknown): number => {
  let keys = 0;
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const values: unknown[] = Object.values(next);
    if (!Array.isArray(next)) keys += values.length;
    // Nothing else has keys within.
    for (const inner of values) if (typeof inner === 'object' && inner !== null) open.push(inner);
  }
  return keys;
};
