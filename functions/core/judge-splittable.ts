import type { CsvDialect } from './csv-machine.ts';

/** A CSV dialect as found or as given; what is null was not found. */
export type FoundDialect = {
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly escape: string | null;
  readonly newline: '\n' | '\r\n' | '\r' | null;
  readonly comment: string | null;
  /** DuckDB's `strict_mode`. */
  readonly isStrict: boolean;
  readonly maxRowBytes: number;
};

/** What is known of a text file without reading it. */
export type TextFileFacts = {
  readonly path: string;
  /** Its first bytes, at least four where it has them. */
  readonly head: Uint8Array;
  /** As given in the spec; utf-8 where none is. */
  readonly encoding: string;
};

export type SplitVerdict<Format> =
  | { readonly isSplittable: true; readonly format: Format }
  /** Full sentences; the file is read whole by one task. */
  | { readonly isSplittable: false; readonly reasons: readonly string[] };

const COMPRESSED_NAME = /\.(gz|gzip|zst|zstd|bz2|xz|lz4|br|snappy)$/i;

const MAGIC_NUMBERS: readonly { readonly what: string; readonly bytes: readonly number[] }[] = [
  { what: 'is compressed with gzip', bytes: [0x1f, 0x8b] },
  { what: 'is compressed with zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { what: 'is compressed with bzip2', bytes: [0x42, 0x5a, 0x68] },
  { what: 'is compressed with xz', bytes: [0xfd, 0x37, 0x7a, 0x58] },
  { what: 'is compressed with lz4', bytes: [0x04, 0x22, 0x4d, 0x18] },
  { what: 'is UTF-32', bytes: [0x00, 0x00, 0xfe, 0xff] },
  { what: 'is UTF-16', bytes: [0xff, 0xfe] },
  { what: 'is UTF-16', bytes: [0xfe, 0xff] },
];

const judgeFile = ({ path, head, encoding }: TextFileFacts): readonly string[] => {
  const magic = MAGIC_NUMBERS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  const reasons: string[] = [];
  if (magic !== undefined) reasons.push(`the file ${magic.what}`);
  else if (COMPRESSED_NAME.test(path)) reasons.push('the name says that the file is compressed');
  if (!/^utf-?8$/i.test(encoding)) reasons.push(`the encoding is ${encoding}, not utf-8`);
  return reasons;
};

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

const judgeDialect = (dialect: FoundDialect): readonly string[] => {
  const { delimiter, quote, newline, comment } = dialect;
  const reasons: string[] = [];
  if (newline === null) reasons.push('the newline is not known');
  if (newline === '\r') reasons.push('the newline is a lone carriage return');
  // Without it DuckDB 1.5.5 carries an escape over from a row with too many fields into the next row.
  if (!dialect.isStrict) reasons.push('strict_mode is off');
  if (comment !== null) reasons.push('the dialect has a comment character');
  if (delimiter === null) reasons.push('the delimiter is not known');
  else if (delimiter === '' || byteLength(delimiter) > 4)
    reasons.push('the delimiter is not 1 to 4 bytes long');
  for (const [name, character] of Object.entries({ quote, escape: dialect.escape })) {
    if (character === null) continue;
    if (character.length !== 1 || byteLength(character) !== 1)
      reasons.push(`the ${name} is not one ASCII character`);
    if (' \r\n\0'.includes(character)) reasons.push(`the ${name} is a space, a newline or NUL`);
    if (delimiter?.includes(character)) reasons.push(`the ${name} is part of the delimiter`);
  }
  if (delimiter !== null && /[\r\n\0]/.test(delimiter)) reasons.push('the delimiter holds a newline or NUL');
  if (quote === null && dialect.escape !== null) reasons.push('the dialect escapes without a quote');
  return reasons;
};

/** Judges whether a CSV file can be cut into ranges, and completes its dialect. */
export const judgeCsvSplit = (dialect: FoundDialect, file: TextFileFacts): SplitVerdict<CsvDialect> => {
  const reasons = [...judgeFile(file), ...judgeDialect(dialect)];
  const { delimiter, newline, quote, maxRowBytes } = dialect;
  if (reasons.length > 0 || delimiter === null || newline === null || newline === '\r') {
    return { isSplittable: false, reasons };
  }
  return {
    isSplittable: true,
    format: { delimiter, quote, escape: dialect.escape, newline, maxRowBytes },
  };
};

/** Judges whether a file of lines (jsonl, text) can be cut into ranges. */
export const judgeLinesSplit = (file: TextFileFacts): SplitVerdict<'lines'> => {
  const reasons = judgeFile(file);
  return reasons.length === 0 ? { isSplittable: true, format: 'lines' } : { isSplittable: false, reasons };
};
