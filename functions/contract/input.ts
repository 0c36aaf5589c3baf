import * as z from 'zod';
import { SPEC_LIMITS } from './spec-limits.ts';
import { ColumnName, ColumnNames, columnsOf, TypeText, Uri } from './spec-values.ts';

export const INPUT_FORMATS = ['csv', 'tsv', 'jsonl', 'parquet', 'arrow', 'text'] as const;
export const InputFormat = z.enum(INPUT_FORMATS).meta({ id: 'InputFormat' });
export type InputFormat = z.infer<typeof InputFormat>;

const NO_LINE_END = '[^\\u0000\\r\\n]';

const flag = () => z.boolean({ error: 'expected true or false' }).optional();
const oneCharacter = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .regex(new RegExp(`^${NO_LINE_END}?$`, 'u'), { error: `expected ${what}` })
    .optional();
const format = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .min(1)
    .max(256)
    .optional();
const types = () => columnsOf(TypeText, 'a mapping of column to type').optional();
const A_DELIMITER = 'expected a delimiter of 1 to 4 bytes';
const delimiter = () =>
  z
    .string({ error: A_DELIMITER })
    .regex(new RegExp(`^${NO_LINE_END}{1,4}$`, 'u'), { error: A_DELIMITER })
    .optional();
const sampleSize = () =>
  z
    .int({ error: 'expected a whole number of rows, or -1 for all' })
    .min(-1)
    .max(2_147_483_647)
    .optional()
    .describe('Rows read to find the dialect and the types; -1 for all.');
const dateformat = () =>
  format('a format such as %d.%m.%Y').describe('How dates are written, in the letters of `strptime`.');
const timestampformat = () =>
  format('a format such as %d.%m.%Y %H:%M').describe(
    'How timestamps are written, in the letters of `strptime`.',
  );

export const CsvOptions = z
  .strictObject(
    {
      delim: delimiter().describe('What separates two fields.'),
      sep: delimiter().describe('Another word for `delim`.'),
      quote: oneCharacter('one character, or "" for none').describe(
        'The character around a quoted field; `""` for none.',
      ),
      escape: oneCharacter('one character, or "" for none').describe(
        'The character before a quote inside a quoted field.',
      ),
      header: flag().describe('Whether the first row names the columns.'),
      skip: z
        .int({ error: 'expected a whole number of lines' })
        .min(0)
        .max(1_000_000)
        .optional()
        .describe('Lines left out at the beginning of each file.'),
      nullstr: z
        .union([z.string(), z.array(z.string()).min(1).max(1_000)], {
          error: 'expected text, or a list of texts',
        })
        .optional()
        .describe('The text, or texts, that mean NULL. Default: the empty field.'),
      dateformat: dateformat(),
      timestampformat: timestampformat(),
      decimal_separator: z.enum(['.', ',']).optional().describe('The decimal separator of numbers.'),
      thousands: oneCharacter('one character').describe('The character between groups of digits.'),
      comment: oneCharacter('one character, or "" for none').describe('The character that begins a comment.'),
      null_padding: flag().describe('Whether missing fields at the end of a row are NULL.'),
      columns: types().describe('All columns in order, with their types. Nothing is detected then.'),
      types: types().describe('The types of some columns; the others are detected.'),
      names: ColumnNames.min(1).optional().describe('The names of the columns, in order.'),
      auto_type_candidates: z
        .array(TypeText, { error: 'expected a list of types' })
        .min(1)
        .max(64)
        .optional()
        .describe('The types tried when types are detected.'),
      force_not_null: ColumnNames.min(1)
        .optional()
        .describe('Columns in which an empty field is empty text and not NULL.'),
      all_varchar: flag().describe('Whether every column is text.'),
      normalize_names: flag().describe('Whether names are changed to lower case letters, digits and `_`.'),
      max_line_size: z
        .int({ error: 'expected a whole number of bytes' })
        .min(1)
        .max(SPEC_LIMITS.lineBytes)
        .optional()
        .describe('The longest line, in bytes.'),
      sample_size: sampleSize(),
      encoding: z
        .string({ error: 'expected an encoding such as utf-8' })
        .min(1)
        .max(64)
        .optional()
        .describe('`utf-8` (the default), `utf-16` or `latin-1`.'),
      new_line: z
        .enum(['\n', '\r', '\r\n', '\\n', '\\r', '\\r\\n'])
        .optional()
        .describe('What ends a line; the characters, or written with a backslash.'),
      strict_mode: flag().describe('Whether rows that break the CSV standard are errors.'),
      allow_quoted_nulls: flag().describe('Whether a quoted field can mean NULL.'),
    },
    { error: 'expected a mapping of options' },
  )
  .superRefine((options, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (options.sep !== undefined && options.delim !== undefined)
      refuse('sep', '`sep` and `delim` are one option; give one of them');
    if (options.columns === undefined) return;
    if (options.types !== undefined) refuse('types', '`columns` gives all types already; leave `types` out');
    if (options.names !== undefined) refuse('names', '`columns` gives all names already; leave `names` out');
    if (options.all_varchar !== undefined)
      refuse('all_varchar', '`columns` gives all types already; leave `all_varchar` out');
  })
  .meta({
    id: 'CsvOptions',
    description:
      "Options of CSV and TSV files, under DuckDB's own names. What is left out is detected once, from the first file, and then fixed.",
  });
export type CsvOptions = z.infer<typeof CsvOptions>;

export const JsonlOptions = z
  .strictObject(
    {
      columns: types().describe('The columns to read, with their types. Default: all that the sample shows.'),
      sample_size: sampleSize(),
      maximum_object_size: z
        .int({ error: 'expected a whole number of bytes' })
        .min(1)
        .max(SPEC_LIMITS.lineBytes)
        .optional()
        .describe('The longest line, in bytes.'),
      dateformat: dateformat(),
      timestampformat: timestampformat(),
    },
    { error: 'expected a mapping of options' },
  )
  .meta({
    id: 'JsonlOptions',
    description: "Options of files with one JSON object a line, under DuckDB's own names.",
  });
export type JsonlOptions = z.infer<typeof JsonlOptions>;

export const TextOptions = z
  .strictObject(
    { rows: z.enum(['line', 'file']).default('line').describe('What one row holds.') },
    { error: 'expected a mapping of options' },
  )
  .meta({ id: 'TextOptions', description: 'Options of plain text.' });
export type TextOptions = z.infer<typeof TextOptions>;

/** The block of options that a format reads. */
export const OPTIONS_OF_FORMAT = {
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  parquet: undefined,
  arrow: undefined,
  text: 'text',
} as const satisfies Record<InputFormat, 'csv' | 'jsonl' | 'text' | undefined>;

export const InputSpec = z
  .strictObject(
    {
      uri: z
        .union([Uri, z.array(Uri).min(1).max(SPEC_LIMITS.uris)], {
          error: 'expected a path, or a list of paths',
        })
        .describe(
          'A file, a folder, a pattern such as `data/*.csv`, or a list of them; all of this machine, relative to the current folder, or all in S3.',
        ),
      format: InputFormat.optional().describe("The files' format. Default: by the ending of their names."),
      csv: CsvOptions.optional(),
      jsonl: JsonlOptions.optional(),
      text: TextOptions.optional(),
      schema: z
        .enum(['same', 'union'])
        .default('same')
        .describe(
          '`same`: all files have the same columns. `union`: a column that a file lacks is NULL there.',
        ),
      hive: flag().describe('Whether `key=value` folders are columns. Default: where every file has them.'),
      filename: z
        .union([z.boolean(), ColumnName], { error: 'expected true, false or the name of the column' })
        .optional()
        .describe(
          'Whether the file of each row is a column, or the name of that column. Default name: `filename`.',
        ),
    },
    { error: 'expected a mapping with uri' },
  )
  .superRefine((input, context) => {
    const uris = typeof input.uri === 'string' ? [input.uri] : input.uri;
    const isRemote = (uri: string | undefined): boolean => /^s3:/i.test(uri ?? '');
    const odd = uris.findIndex((uri) => isRemote(uri) !== isRemote(uris[0]));
    if (odd > 0)
      context.addIssue({
        code: 'custom',
        path: ['uri', odd],
        message: 's3:// addresses and local paths do not mix in one input; copy the ones beside the others',
      });
    const given = (['csv', 'jsonl', 'text'] as const).filter((block) => input[block] !== undefined);
    const read = input.format === undefined ? given[0] : OPTIONS_OF_FORMAT[input.format];
    for (const block of given) {
      if (block === read) continue;
      const why = input.format === undefined ? `beside \`${read}\`` : `with format ${input.format}`;
      context.addIssue({
        code: 'custom',
        path: [block],
        message: `the options \`${block}\` do nothing ${why}; leave them out`,
      });
    }
  })
  .meta({ id: 'InputSpec', description: 'The files that the job reads.' });
export type InputSpec = z.infer<typeof InputSpec>;
