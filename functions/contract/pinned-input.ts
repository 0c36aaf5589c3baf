import * as z from 'zod';

export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export const Compression = z.enum(COMPRESSIONS);
export type Compression = z.infer<typeof Compression>;

/** A column of the input as the first step sees it; `type` is DuckDB's type text. */
const PinnedColumn = z.strictObject({ name: z.string(), type: z.string() });

/**
 * One input file as it was when the job was planned: a file of this machine by device, inode and time, which are
 * decimal text as they exceed a double; an object in S3 by its ETag.
 */
export const PinnedFile = z
  .strictObject({
    path: z
      .string()
      .describe(
        'Absolute and literal: no glob characters, links not resolved. Of an object `s3://bucket/key`.',
      ),
    sizeBytes: z.int().min(0),
    device: z.string().optional(),
    inode: z.string().optional(),
    modifiedNs: z.string().optional().describe('Nanoseconds since 1970-01-01 UTC.'),
    etag: z.string().min(1).optional().describe('Of an object in S3, as S3 writes it: with its quotes.'),
    compression: Compression,
    hive: z
      .record(z.string(), z.string().nullable())
      .optional()
      .describe('The decoded values of its `key=value` folders; null is the null partition.'),
    layout: z
      .int()
      .min(0)
      .optional()
      .describe(
        'An index into `layouts`, of CSV, TSV, Parquet and Arrow. A CSV file without any row has none.',
      ),
    newline: z
      .enum(['\n', '\r\n', '\r'])
      .optional()
      .describe('What ended the first line, where the format has lines and the head of the file has one.'),
    isIrregular: z
      .boolean()
      .optional()
      .describe(
        'In a slice of text: it holds the noncharacter that stands for "no delimiter", so it is read whole and not as a stream. Never in a plan.',
      ),
    rows: z
      .int()
      .min(0)
      .optional()
      .describe('Parquet: rows by the footer. Arrow: by the headers of the batches.'),
    copy: z
      .strictObject({ path: z.string(), startOffset: z.int().min(0) })
      .optional()
      .describe('In a slice: some rows of the file from that byte on, read in its place. Never in a plan.'),
    local: z
      .strictObject({ path: z.string(), compression: Compression })
      .optional()
      .describe(
        'The file on this machine, or what is needed of it, where that is not at `path`; read in its place. Never in a plan.',
      ),
    hasOtherOffsets: z
      .literal(true)
      .optional()
      .describe('In a slice of text: line ends were changed, and bytes moved with them. Never in a plan.'),
    readRows: z
      .tuple([z.int().min(0), z.int().min(0)])
      .optional()
      .describe('In a slice of Parquet or Arrow: the rows [first, end) alone. Never in a plan.'),
    readBatches: z
      .tuple([z.int().min(0), z.int().min(0)])
      .optional()
      .describe(
        'In a slice of Arrow: the record batches [first, end) that hold these rows. Never in a plan.',
      ),
  })
  .meta({ id: 'PinnedFile' });
export type PinnedFile = z.infer<typeof PinnedFile>;

/** A CSV dialect with nothing left to guess, in DuckDB's option names. An empty text means none. */
export const PinnedCsv = z
  .strictObject({
    delim: z.string(),
    quote: z.string(),
    escape: z.string(),
    comment: z.string(),
    header: z.boolean(),
    skip: z.int().min(0),
    encoding: z.string(),
    strict_mode: z.boolean(),
    null_padding: z.boolean(),
    max_line_size: z.int().min(1),
    nullstr: z.array(z.string()).optional(),
    dateformat: z.string().optional(),
    timestampformat: z.string().optional(),
    decimal_separator: z.string().optional(),
    thousands: z.string().optional(),
    allow_quoted_nulls: z.boolean().optional(),
    force_not_null: z.array(z.string()).optional(),
  })
  .meta({ id: 'PinnedCsv' });
export type PinnedCsv = z.infer<typeof PinnedCsv>;

/** Whether a file is an object in S3. */
export const isRemote = ({ etag }: Pick<PinnedFile, 'etag'>): boolean => etag !== undefined;

/** Where the bytes lie that stand for a file on this machine. */
export const readPathOf = ({ copy, local, path }: Pick<PinnedFile, 'copy' | 'local' | 'path'>): string =>
  copy?.path ?? local?.path ?? path;

/** How the bytes at {@link readPathOf} are compressed. */
export const readCompressionOf = ({
  copy,
  local,
  compression,
}: Pick<PinnedFile, 'copy' | 'local' | 'compression'>): Compression =>
  copy === undefined ? (local?.compression ?? compression) : 'none';

const shared = {
  files: z.array(PinnedFile).min(1),
  columns: z
    .array(PinnedColumn)
    .min(1)
    .describe('All columns, in the order that the steps see: of the files, of the folders, the file name.'),
  hive: z.array(z.string()).describe('Which of the columns come from `key=value` folders.'),
  filename: z.string().optional().describe('Which of the columns is the path of the file.'),
};

/** What an input is, decided once: files, columns and reader options. It stands in plan.json. */
export const PinnedInput = z
  .discriminatedUnion('format', [
    z.strictObject({
      ...shared,
      format: z.literal(['csv', 'tsv']),
      csv: PinnedCsv,
      layouts: z
        .array(z.array(z.string()))
        .describe('The columns that a file has, in its own order; names are those of `columns`.'),
    }),
    z.strictObject({
      ...shared,
      format: z.literal('jsonl'),
      jsonl: z.strictObject({
        maximum_object_size: z.int().min(1),
        dateformat: z.string().optional(),
        timestampformat: z.string().optional(),
      }),
    }),
    z.strictObject({
      ...shared,
      format: z.literal('parquet'),
      parquet: z.strictObject({
        isUniform: z.boolean().describe('Whether all files have the same columns, types and order.'),
      }),
      layouts: z
        .array(z.array(z.string()))
        .optional()
        .describe('The columns that a file has, where files differ; names are those of `columns`.'),
    }),
    z.strictObject({
      ...shared,
      format: z.literal('arrow'),
      layouts: z
        .array(z.array(PinnedColumn))
        .describe(
          "The columns of a file's batches in its own order; names are those of `columns`, types its own.",
        ),
    }),
    z.strictObject({
      ...shared,
      format: z.literal('text'),
      text: z.strictObject({ rows: z.enum(['line', 'file']), max_line_size: z.int().min(1) }),
    }),
  ])
  .meta({ id: 'PinnedInput' });
export type PinnedInput = z.infer<typeof PinnedInput>;
export type PinnedCsvInput = Extract<PinnedInput, { format: 'csv' | 'tsv' }>;
export type PinnedJsonlInput = Extract<PinnedInput, { format: 'jsonl' }>;
export type PinnedParquetInput = Extract<PinnedInput, { format: 'parquet' }>;
export type PinnedArrowInput = Extract<PinnedInput, { format: 'arrow' }>;
export type PinnedTextInput = Extract<PinnedInput, { format: 'text' }>;

/** Why a row was rejected. */
export const REJECT_CAUSES = [
  'cast',
  'missing_columns',
  'too_many_columns',
  'unquoted_value',
  'line_too_long',
  'invalid_utf8',
  'invalid_state',
  'malformed_json',
  'not_an_object',
  'duplicate_key',
] as const;
export type RejectCause = (typeof REJECT_CAUSES)[number];

/** Limits of an input. Each bounds what one file can cost before it is refused by name. */
export const INPUT_LIMITS = {
  /** DuckDB's reader of CSV takes time and memory that grow with the square of the columns. */
  columns: 10_000,
  /** A plan lists every file. */
  files: 100_000,
  /** Folders below one another; deeper is a loop of links. */
  depth: 64,
  /** A CSV or text line. DuckDB holds several buffers of sixteen such lines. */
  lineBytes: 16_777_216,
  /** A text file that is read whole: one row per file, or other line ends than LF. DuckDB holds it several times. */
  wholeFileBytes: 268_435_456,
  /** Bytes of a rejected line that are kept. */
  rejectedLineCharacters: 1_000,
} as const;
