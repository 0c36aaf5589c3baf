import * as z from 'zod';

const Bytes = z.int().min(0);

/** Why a range cannot speak for itself; each makes its file one task. */
export const QUOTING_CAUSES = [
  /** A byte that the dialect does not allow there: text after a closing quote, a lone \r, the other newline. */
  'invalid-byte',
  'unterminated-quote',
  /** A row longer than DuckDB's `max_line_size`. */
  'row-too-long',
  /** A row that begins with the bytes of a byte order mark, which DuckDB would skip at the start of a copy. */
  'row-starts-with-bom',
] as const;

/** What an attempt found out about one byte range of its task; seal joins them to the chain of the file. */
export const RangeChain = z
  .strictObject({
    file: z.int().min(0).describe('index into the files of the pinned input'),
    startOffset: Bytes,
    endOffset: Bytes,
    firstRowOffset: Bytes.describe('of the first row at or past startOffset, as guessed'),
    nextRowOffset: Bytes.describe('of the first row at or past endOffset'),
    rows: z.int().min(0).describe('that are not blank lines'),
    blankRows: z.int().min(0),
    quotingError: z.strictObject({ offset: Bytes, cause: z.enum(QUOTING_CAUSES) }).optional(),
    isUnread: z
      .literal(true)
      .optional()
      .describe(
        'The block is empty and the counts are zero: a range of the task met a quoting error, or its rows failed the query while their cut was a guess. Seal amends.',
      ),
  })
  .meta({ id: 'RangeChain' });
export type RangeChain = z.infer<typeof RangeChain>;
