/**
 * The law: a cut is a place where DuckDB 1.5.5, reading the whole file with the same fixed dialect in
 * `strict_mode`, begins a row. The machine follows DuckDB's own transitions. Where DuckDB reports an
 * error, or goes on in a way that the reader of one range could not repeat (a lone carriage return,
 * the other newline), the state is `invalid`, and the file runs as one task.
 */

/** A CSV dialect with nothing left to guess, in DuckDB's `strict_mode`. */
export type CsvDialect = {
  /** 1 to 4 bytes in UTF-8. */
  readonly delimiter: string;
  /** One ASCII character, or null where nothing quotes. */
  readonly quote: string | null;
  /** One ASCII character, may equal the quote; null where nothing escapes. */
  readonly escape: string | null;
  readonly newline: '\n' | '\r\n';
  /** DuckDB's `max_line_size`, in bytes. It bounds what a range reads past its end. */
  readonly maxRowBytes: number;
};

/** States; those from `invalid` on interrupt the scan. */
export const STATES = {
  field: 0,
  delimiter: 1,
  delimiterByte1: 2,
  delimiterByte2: 3,
  delimiterByte3: 4,
  carriageReturn: 5,
  quoted: 6,
  quoteEnd: 7,
  quotedEscape: 8,
  leadingSpace: 9,
  invalid: 10,
  rowStart: 11,
} as const;

const STATE_COUNT = 12;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;

/** `transitions[state * 256 + byte]` is the next state. */
export type CsvMachine = {
  readonly transitions: Uint8Array;
  /** The byte of the quote, or -1. */
  readonly quoteByte: number;
  readonly newlineBytes: number;
  readonly maxRowBytes: number;
};

const bytesOf = (text: string): readonly number[] => [...new TextEncoder().encode(text)];
const byteOf = (character: string | null): number =>
  character === null ? -1 : (bytesOf(character)[0] ?? -1);

/** Builds the transitions of a fixed dialect. */
export const createCsvMachine = (dialect: CsvDialect): CsvMachine => {
  const transitions = new Uint8Array(STATE_COUNT * 256);
  const set = (state: number, byte: number, next: number): void => {
    if (byte >= 0) transitions[state * 256 + byte] = next;
  };
  const fill = (state: number, next: number): void => {
    transitions.fill(next, state * 256, state * 256 + 256);
  };
  const delimiter = bytesOf(dialect.delimiter);
  const quote = byteOf(dialect.quote);
  const escapeByte = byteOf(dialect.escape);
  const first = delimiter[0] ?? -1;

  fill(STATES.quoted, STATES.quoted);
  fill(STATES.quotedEscape, STATES.quoted);
  fill(STATES.quoteEnd, STATES.invalid);
  fill(STATES.carriageReturn, STATES.invalid);
  fill(STATES.invalid, STATES.invalid);

  // A field can end in these states.
  for (const state of FIELD_ENDS) {
    set(state, first, delimiter.length > 1 ? STATES.delimiterByte1 : STATES.delimiter);
    set(state, NEWLINE, dialect.newline === '\n' ? STATES.rowStart : STATES.invalid);
    set(state, RETURN, dialect.newline === '\n' ? STATES.invalid : STATES.carriageReturn);
  }
  set(STATES.carriageReturn, NEWLINE, STATES.rowStart);
  linkDelimiterBytes(set, delimiter);

  for (const state of [STATES.delimiter, STATES.rowStart, STATES.leadingSpace]) {
    if (state !== STATES.leadingSpace && first !== SPACE) set(state, SPACE, STATES.leadingSpace);
    set(state, quote, STATES.quoted);
  }
  if (quote >= 0) {
    set(STATES.quoted, quote, STATES.quoteEnd);
    if (escapeByte === quote) set(STATES.quoteEnd, quote, STATES.quoted);
    else set(STATES.quoted, escapeByte, STATES.quotedEscape);
    if (first !== SPACE) set(STATES.quoteEnd, SPACE, STATES.quoteEnd);
  }
  return {
    transitions,
    quoteByte: quote,
    newlineBytes: dialect.newline.length,
    maxRowBytes: dialect.maxRowBytes,
  };
};

const FIELD_ENDS = [
  STATES.field,
  STATES.delimiter,
  STATES.delimiterByte1,
  STATES.delimiterByte2,
  STATES.delimiterByte3,
  STATES.quoteEnd,
  STATES.leadingSpace,
  STATES.rowStart,
];

type Setter = (state: number, byte: number, next: number) => void;

/** The bytes of a delimiter of 2 to 4 bytes, with DuckDB's own way back after a partial match. */
const linkDelimiterBytes = (set: Setter, delimiter: readonly number[]): void => {
  const { delimiter: whole, delimiterByte1, delimiterByte2, delimiterByte3 } = STATES;
  const [first = -1, second = -1, third = -1, fourth = -1] = delimiter;
  if (delimiter.length === 2) set(delimiterByte1, second, whole);
  if (delimiter.length === 3) {
    if (first === second) set(delimiterByte2, second, delimiterByte2);
    set(delimiterByte1, second, delimiterByte2);
    set(delimiterByte2, third, whole);
  }
  if (delimiter.length === 4) {
    if (first === third) set(delimiterByte3, second, delimiterByte2);
    if (first === second && second === third) set(delimiterByte3, second, delimiterByte3);
    set(delimiterByte1, second, delimiterByte2);
    set(delimiterByte2, third, delimiterByte3);
    set(delimiterByte3, fourth, whole);
  }
};
