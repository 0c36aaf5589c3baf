const FEED = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;

/** Counts rows at the beginning of a text, before anything is known of it but its format. */
export type RowCounter = {
  readonly push: (chunk: Uint8Array) => void;
  readonly rows: () => number;
  /** Offset behind the last row that ended; undefined where none did. */
  readonly endOfRows: () => number | undefined;
};

/**
 * Lines of a CSV file that end within double quotes end no row. Where a quote is none, as in `5" pipe`, all that
 * follows would count as quoted: after so many lines for each row the lines count.
 */
const MOST_LINES_A_ROW = 8;

/** Of UTF-16: its mark, or a first character of the Latin alphabet. */
const isWide = ([first, second]: Uint8Array): boolean =>
  first === 0 || second === 0 || (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);

/** Rows end at LF, in a text without LF at CR; blank lines are none. */
export const createRowCounter = (of: 'csv' | 'lines'): RowCounter => {
  let offset = 0;
  let isQuoted = false;
  let isBlank = true;
  let rows = 0;
  let lines = 0;
  let endOfRow: number | undefined;
  let endOfLine: number | undefined;
  let hasFeeds = false;
  let unitBytes = 1;

  const endLine = (end: number): void => {
    endOfLine = end;
    if (isBlank) return;
    lines += 1;
    isBlank = true;
    if (isQuoted) return;
    rows += 1;
    endOfRow = end;
  };

  return {
    push: (chunk) => {
      if (offset === 0 && isWide(chunk)) unitBytes = 2;
      hasFeeds ||= chunk.includes(FEED);
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (byte === FEED || (byte === RETURN && !hasFeeds)) endLine(offset + at + 1);
        else {
          if (byte === QUOTE && of === 'csv') isQuoted = !isQuoted;
          if (byte !== RETURN) isBlank = false;
        }
      }
      offset += chunk.length;
    },
    rows: () => Math.max(rows, Math.floor(lines / MOST_LINES_A_ROW)),
    endOfRows: () => {
      const end = rows * MOST_LINES_A_ROW >= lines ? (endOfRow ?? endOfLine) : endOfLine;
      return end === undefined ? undefined : Math.ceil(end / unitBytes) * unitBytes;
    },
  };
};
