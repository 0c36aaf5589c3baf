const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Where a count of plain rows stands. Offsets are indexes into the bytes. */
export type PlainCount = {
  /** Of the first row that was not counted. */
  rowStart: number;
  rows: number;
  blankRows: number;
};

export type PlainLimits = {
  readonly newlineBytes: number;
  readonly maxRowBytes: number;
  /** The count ends at the first row start at or past this index. */
  readonly stop: number;
};

/**
 * Counts the rows that begin at `count.rowStart` and end before `to`, in bytes that hold no quote:
 * there every newline ends a row. Looks at four bytes at a time. Stops early, before the row, where a
 * row is too long or its newline is not the dialect's: the full machine then says what is wrong.
 */
export const countPlainRows = (
  bytes: Uint8Array,
  to: number,
  count: PlainCount,
  limits: PlainLimits,
): void => {
  const { newlineBytes, maxRowBytes, stop } = limits;
  const base = bytes.byteOffset;
  const words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
  const endWord = (base + to) >> 2;
  let { rowStart, rows, blankRows } = count;
  let at = rowStart;
  while (at < to) {
    if (((base + at) & 3) === 0) {
      let word = (base + at) >> 2;
      while (word < endWord && !hasLineEnd(words[word] ?? 0)) word++;
      at = (word << 2) - base;
      if (at >= to) break;
    }
    const byte = bytes[at];
    at++;
    if (byte === RETURN && (newlineBytes === 1 || bytes[at] !== NEWLINE)) break;
    if (byte !== NEWLINE) continue;
    const rowBytes = at - rowStart;
    if (rowBytes > maxRowBytes || (newlineBytes === 2 && bytes[at - 2] !== RETURN)) break;
    if (rowBytes === newlineBytes) blankRows++;
    else rows++;
    rowStart = at;
    if (rowStart >= stop) break;
  }
  count.rowStart = rowStart;
  count.rows = rows;
  count.blankRows = blankRows;
};

/** Whether one of the four bytes is \n or \r. @see Bit Twiddling Hacks, "Determine if a word has a zero byte" */
const hasLineEnd = (word: number): boolean => {
  const newlines = word ^ 0x0a0a0a0a;
  const returns = word ^ 0x0d0d0d0d;
  return ((((newlines - 0x01010101) & ~newlines) | ((returns - 0x01010101) & ~returns)) & 0x80808080) !== 0;
};
