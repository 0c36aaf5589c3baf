import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, LimitError } from '../contract/errors-input.ts';
import { type PinnedCsv, type PinnedFile, readPathOf } from '../contract/pinned-input.ts';
import { quotePath } from '../sql/quote.ts';
import {
  asList,
  DEFAULT_LINE_BYTES,
  LENIENT,
  option,
  renderGiven,
  renderUserDialect,
  type SniffCsvRequest,
  textOption,
} from '../sql/sniff-csv-options.ts';
import { firstLineOf, queryRows } from './query-rows.ts';
import type { FileHead } from './read-head.ts';

export type Headed = { readonly file: PinnedFile; readonly head: FileHead };
type Sniffed = Record<string, unknown>;

export const sniff = async (
  connection: DuckDBConnection,
  file: PinnedFile,
  args: readonly string[],
): Promise<Sniffed> => {
  const [row] = await queryRows(
    connection,
    `FROM sniff_csv(${[quotePath(readPathOf(file)), ...args].join(', ')})`,
  );
  if (row === undefined) throw new Error('sniff_csv gave no row');
  return row;
};

export const columnsOf = (sniffed: Sniffed): readonly Column[] =>
  (sniffed.Columns as { name: string; type: string }[]).map(({ name, type }) => ({ name, type })); // the type of sniff_csv's column

/** sniff_csv writes "(empty)" for none. */
const characterOf = (value: unknown): string => (value === '(empty)' ? '' : String(value));

export const DELIMITERS = [',', '\t', ';', '|'] as const;

const delimiterCounts = ({ firstLine }: FileHead) =>
  DELIMITERS.map((delimiter) => ({ delimiter, count: firstLine.split(delimiter).length - 1 }));

/** From here on DuckDB's search over all dialects takes hundreds of megabytes: it gets the usual one. */
const WIDE_COLUMNS = 1_000;

const renderWideDialect = (head: FileHead, { options, delim }: SniffCsvRequest): readonly string[] => {
  const widest = delimiterCounts(head).find(({ count }) => count >= WIDE_COLUMNS);
  if (widest === undefined) return [];
  return [
    ...(options.delim === undefined && options.sep === undefined && delim === undefined
      ? textOption('delim', widest.delimiter)
      : []),
    ...(options.quote === undefined ? textOption('quote', '"') : []),
    ...(options.escape === undefined ? textOption('escape', '"') : []),
    ...(options.comment === undefined ? textOption('comment', '') : []),
  ];
};

/** The delimiter that the first line has most of; a file of one column has none. */
const likelyDelimiter = (head: FileHead): string | undefined => {
  const counts = delimiterCounts(head);
  const [most] = counts.sort((a, b) => b.count - a.count);
  return most === undefined || most.count === 0 ? undefined : most.delimiter;
};

/** What DuckDB says on its first line, or what stands further down but quotes no value of the file. */
const reasonOf = (file: PinnedFile, error: unknown): string => {
  const message = error instanceof Error ? error.message : '';
  const tooLong = /Maximum line size of (\d+) bytes exceeded/.exec(message);
  if (tooLong !== null) return `a line is longer than ${tooLong[1]} bytes; raise csv.max_line_size`;
  if (message.includes('not utf-8 encoded')) return 'it is not UTF-8; give csv.encoding';
  if (message.includes('when sniffing file')) return 'no dialect fits';
  return firstLineOf(error).replaceAll(readPathOf(file), file.path);
};

export const formatError = (file: PinnedFile, error: unknown): InputFormatError | LimitError => {
  const reason = reasonOf(file, error);
  if (reason.startsWith('Out of Memory'))
    return new LimitError(
      {
        what: `memory to look at the input file ${JSON.stringify(file.path)}`,
        found: 'more than was given',
        limit: 'what --memory says',
        advice: 'give more, for 10,000 columns about 2 GB',
      },
      { cause: error },
    );
  return new InputFormatError(
    {
      path: file.path,
      reason: `cannot be read as CSV (${reason}); check the delimiter, quote and encoding under input.csv`,
    },
    { cause: error },
  );
};

/** Looks for the dialect; where bad rows hide it, once more with the first line's delimiter and bad rows passed over. */
export const sniffDialect = async (
  connection: DuckDBConnection,
  { file, head }: Headed,
  request: SniffCsvRequest,
): Promise<Sniffed> => {
  const given = renderGiven(request, file);
  const user = [...renderUserDialect(request), ...renderWideDialect(head, request)];
  const likely = likelyDelimiter(head);
  const isDelimGiven = user.some((text) => text.startsWith('delim'));
  const tolerant = [...given, ...user, ...(isDelimGiven ? [] : textOption('delim', likely)), ...LENIENT];
  try {
    const sniffed = await sniff(connection, file, [
      ...given,
      ...user,
      ...option('strict_mode', request.options.strict_mode?.toString()),
    ]);
    const isMisled = columnsOf(sniffed).length === 1 && likely !== undefined && !isDelimGiven;
    if (!isMisled) return sniffed;
  } catch (error) {
    const isHopeless = /Maximum line size|Out of Memory/.test(String(error));
    if (isHopeless || (likely === undefined && !isDelimGiven)) throw formatError(file, error);
  }
  try {
    return await sniff(connection, file, tolerant);
  } catch (error) {
    throw formatError(file, error);
  }
};

export const pinDialect = (sniffed: Sniffed, { options }: SniffCsvRequest): PinnedCsv => {
  // Without a quote in its sample DuckDB says "none"; the rows after it may still have one.
  const quote = options.quote ?? (characterOf(sniffed.Quote) || '"');
  const sniffedEscape = characterOf(sniffed.Escape);
  const text = (name: string): string | undefined =>
    sniffed[name] === null || sniffed[name] === undefined ? undefined : String(sniffed[name]);
  const defined = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    delim: String(sniffed.Delimiter),
    quote,
    escape: options.escape ?? (sniffedEscape || quote),
    comment: options.comment ?? characterOf(sniffed.Comment),
    header: options.header ?? sniffed.HasHeader === true,
    skip: Number(options.skip ?? sniffed.SkipRows),
    encoding: options.encoding ?? 'utf-8',
    strict_mode: options.strict_mode ?? true,
    null_padding: options.null_padding ?? false,
    max_line_size: options.max_line_size ?? DEFAULT_LINE_BYTES,
    ...defined('nullstr', options.nullstr === undefined ? undefined : [...asList(options.nullstr)]),
    ...defined('dateformat', options.dateformat ?? text('DateFormat')),
    ...defined('timestampformat', options.timestampformat ?? text('TimestampFormat')),
    ...defined('decimal_separator', options.decimal_separator),
    ...defined('thousands', options.thousands),
    ...defined('allow_quoted_nulls', options.allow_quoted_nulls),
    ...defined('force_not_null', options.force_not_null),
  };
};
