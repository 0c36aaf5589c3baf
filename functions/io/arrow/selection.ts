/**
 * Which rows of a vector or buffer are meant, in which order: `rows[start] .. rows[start + count - 1]`,
 * or, where `rows` is null, the rows `start .. start + count - 1` themselves.
 */
export type Selection = { readonly start: number; readonly count: number; readonly rows: Uint32Array | null };

export const rangeOf = (start: number, count: number): Selection => ({ start, count, rows: null });

/** The children of `selection` in arrays of `size` children each. */
export const expandFixed = (selection: Selection, size: number): Selection => {
  const { start, count, rows } = selection;
  if (rows === null) return rangeOf(start * size, count * size);
  const expanded = new Uint32Array(count * size);
  let to = 0;
  for (let index = start; index < start + count; index++) {
    const from = (rows[index] as number) * size;
    for (let child = 0; child < size; child++) expanded[to++] = from + child;
  }
  return rangeOfRows(expanded);
};

export const rangeOfRows = (rows: Uint32Array): Selection => ({ start: 0, count: rows.length, rows });
