import type { CsvOptions } from '../contract/input.ts';
import type { PinnedCsv, PinnedFile } from '../contract/pinned-input.ts';
import { quoteText } from './quote.ts';
import { nameCompression } from './reader-options.ts';

/** DuckDB's default. */
export const DEFAULT_LINE_BYTES = 2_000_000;

export type SniffCsvRequest = {
  readonly files: readonly PinnedFile[];
  readonly options: CsvOptions;
  readonly schema: 'same' | 'union';
  /** The delimiter that the format says: a tab for TSV. */
  readonly delim?: string;
};

export const option = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${name} = ${value}`];
export const textOption = (name: string, value: string | undefined) =>
  option(name, value === undefined ? undefined : quoteText(value));
export const listOf = (texts: readonly string[]): string => `[${texts.map(quoteText).join(', ')}]`;
export const asList = (texts: string | readonly string[]): readonly string[] =>
  typeof texts === 'string' ? [texts] : texts;

/** What holds for every file and every look at it. */
export const renderGiven = ({ options }: SniffCsvRequest, file: PinnedFile): readonly string[] => [
  ...textOption('encoding', options.encoding),
  ...option('nullstr', options.nullstr === undefined ? undefined : listOf(asList(options.nullstr))),
  ...textOption('decimal_separator', options.decimal_separator),
  ...textOption('thousands', options.thousands),
  ...option('null_padding', options.null_padding?.toString()),
  // DuckDB refuses quoted line breaks where both are on.
  ...option('parallel', options.null_padding === true ? 'false' : undefined),
  ...option('allow_quoted_nulls', options.allow_quoted_nulls?.toString()),
  ...option('normalize_names', options.normalize_names?.toString()),
  ...option('names', options.names === undefined ? undefined : listOf(options.names)),
  ...option('all_varchar', options.all_varchar?.toString()),
  ...option(
    'auto_type_candidates',
    options.auto_type_candidates === undefined ? undefined : listOf(options.auto_type_candidates),
  ),
  ...option('max_line_size', String(options.max_line_size ?? DEFAULT_LINE_BYTES)),
  ...option('sample_size', options.sample_size?.toString()),
  `compression = ${quoteText(nameCompression(file))}`,
  'hive_partitioning = false',
];

export const renderUserDialect = ({ options, delim }: SniffCsvRequest): readonly string[] => [
  ...textOption('delim', options.delim ?? options.sep ?? delim),
  ...textOption('quote', options.quote),
  ...textOption('escape', options.escape),
  ...textOption('comment', options.comment),
  ...option('header', options.header?.toString()),
  ...option('skip', options.skip?.toString()),
  ...textOption('dateformat', options.dateformat),
  ...textOption('timestampformat', options.timestampformat),
];

export const renderFixedDialect = (csv: PinnedCsv): readonly string[] => [
  ...(['delim', 'quote', 'escape', 'comment', 'dateformat', 'timestampformat'] as const).flatMap((name) =>
    textOption(name, csv[name]),
  ),
  `header = ${csv.header}`,
  `skip = ${csv.skip}`,
];

/** A bad row in the sample must not hide the dialect: reading judges it, not looking. */
export const LENIENT = ['ignore_errors = true', 'strict_mode = false'];
