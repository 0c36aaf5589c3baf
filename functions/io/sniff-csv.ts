import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, InputSchemaError, LimitError } from '../contract/errors-input.ts';
import type { CsvOptions } from '../contract/input.ts';
import type { PinnedCsv, PinnedFile } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { unifyCsvTypes } from '../core/unify-types.ts';
import { quoteIdentifier, quotePath, quoteText } from '../sql/quote.ts';
import { refuseColumnCount, refuseHostileNames } from './check-columns.ts';
import { firstLineOf, queryRows } from './query-rows.ts';
import { type FileHead, readFileHead } from './read-head.ts';

/**
 * The law: the dialect is found once, in the largest file, and then fixed; names are found in every
 * file, types in up to {@link TYPED_FILES} of them. Whatever the user gives is not looked for.
 */

/** Files whose values are sampled for types, spread evenly. Finding types costs some milliseconds a file. */
const TYPED_FILES = 100;

/** DuckDB's default. */
const DEFAULT_SAMPLE_ROWS = 20_480;
const DEFAULT_LINE_BYTES = 2_000_000;

export type SniffedCsv = {
  readonly csv: PinnedCsv;
  readonly columns: readonly Column[];
  readonly layouts: readonly (readonly string[])[];
  readonly files: readonly PinnedFile[];
};

export type SniffCsvRequest = {
  readonly files: readonly PinnedFile[];
  readonly options: CsvOptions;
  readonly schema: 'same' | 'union';
  /** The delimiter that the format says: a tab for TSV. */
  readonly delim?: string;
};

type Headed = { readonly file: PinnedFile; readonly head: FileHead };
type Sniffed = Record<string, unknown>;

const option = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${name} = ${value}`];
const textOption = (name: string, value: string | undefined) =>
  option(name, value === undefined ? undefined : quoteText(value));
const listOf = (texts: readonly string[]): string => `[${texts.map(quoteText).join(', ')}]`;
const asList = (texts: string | readonly string[]): readonly string[] =>
  typeof texts === 'string' ? [texts] : texts;

/** What holds for every file and every look at it. */
const renderGiven = ({ options }: SniffCsvRequest, file: PinnedFile): readonly string[] => [
  ...textOption('encoding', options.encoding),
  ...option('nullstr', options.nullstr === undefined ? undefined : listOf(asList(options.nullstr))),
  ...textOption('decimal_separator', options.decimal_separator),
  ...textOption('thousands', options.thousands),
  ...option('null_padding', options.null_padding?.toString()),
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
  `compression = ${quoteText(file.compression === 'none' ? 'uncompressed' : file.compression)}`,
  'hive_partitioning = false',
];

const renderUserDialect = ({ options, delim }: SniffCsvRequest): readonly string[] => [
  ...textOption('delim', options.delim ?? options.sep ?? delim),
  ...textOption('quote', options.quote),
  ...textOption('escape', options.escape),
  ...textOption('comment', options.comment),
  ...option('header', options.header?.toString()),
  ...option('skip', options.skip?.toString()),
  ...textOption('dateformat', options.dateformat),
  ...textOption('timestampformat', options.timestampformat),
];

const renderFixedDialect = (csv: PinnedCsv): readonly string[] => [
  ...(['delim', 'quote', 'escape', 'comment', 'dateformat', 'timestampformat'] as const).flatMap((name) =>
    textOption(name, csv[name]),
  ),
  `header = ${csv.header}`,
  `skip = ${csv.skip}`,
];

const sniff = async (
  connection: DuckDBConnection,
  file: PinnedFile,
  args: readonly string[],
): Promise<Sniffed> => {
  const [row] = await queryRows(connection, `FROM sniff_csv(${[quotePath(file.path), ...args].join(', ')})`);
  if (row === undefined) throw new Error('sniff_csv gave no row');
  return row;
};

const columnsOf = (sniffed: Sniffed): readonly Column[] =>
  (sniffed.Columns as { name: string; type: string }[]).map(({ name, type }) => ({ name, type })); // the type of sniff_csv's column

/** sniff_csv writes "(empty)" for none. */
const characterOf = (value: unknown): string => (value === '(empty)' ? '' : String(value));

/** A bad row in the sample must not hide the dialect: reading judges it, not looking. */
const LENIENT = ['ignore_errors = true', 'strict_mode = false'];

const DELIMITERS = [',', '\t', ';', '|'] as const;

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

/** Refuses a wide header by its bytes: DuckDB's time grows with the square of the columns. */
const refuseWide = ({ file, head }: Headed, { options, delim }: SniffCsvRequest): void => {
  const given = options.delim ?? options.sep ?? delim;
  for (const delimiter of given === undefined ? DELIMITERS : [given])
    refuseColumnCount(file.path, head.firstLine.split(delimiter).length);
};

const refuseEncoding = ({ file, head }: Headed, options: CsvOptions): void => {
  if (head.isUtf16 && options.encoding === undefined)
    throw new InputFormatError({ path: file.path, reason: 'looks like UTF-16; give csv.encoding: utf-16' });
};

/** What DuckDB says on its first line, or what stands further down but quotes no value of the file. */
const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : '';
  const tooLong = /Maximum line size of (\d+) bytes exceeded/.exec(message);
  if (tooLong !== null) return `a line is longer than ${tooLong[1]} bytes; raise csv.max_line_size`;
  if (message.includes('not utf-8 encoded')) return 'it is not UTF-8; give csv.encoding';
  if (message.includes('when sniffing file')) return 'no dialect fits';
  return firstLineOf(error);
};

const formatError = (file: PinnedFile, error: unknown): InputFormatError | LimitError => {
  const reason = reasonOf(error);
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
const sniffDialect = async (
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

const pinDialect = (sniffed: Sniffed, { options }: SniffCsvRequest): PinnedCsv => {
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

/** The first row as it is written, so that names which DuckDB would change (`a_1`) are seen. */
const readHeader = async (
  connection: DuckDBConnection,
  file: PinnedFile,
  csv: PinnedCsv,
  given: readonly string[],
): Promise<readonly (string | null)[]> => {
  const args = [
    ...given.filter((text) => !/^(names|normalize_names|all_varchar|sample_size)\b/.test(text)),
    ...renderFixedDialect({ ...csv, header: false }),
    'all_varchar = true',
    ...LENIENT,
    'sample_size = 1',
  ];
  const [row] = await queryRows(
    connection,
    `FROM read_csv(${[quotePath(file.path), ...args].join(', ')}) LIMIT 1`,
  );
  return Object.values(row ?? {}).map((value) => (value === null ? null : String(value)));
};

const refuseNames = (path: string, names: readonly (string | null)[]): void => {
  const empty = names.findIndex((name) => name === null || name.trim() === '');
  if (empty >= 0)
    throw new InputSchemaError({
      path,
      reason: `has no name for column ${empty + 1}; correct the header, or give csv.names`,
    });
  const seen = new Set<string>();
  const repeated: string[] = [];
  for (const name of names) {
    const folded = foldColumnName(name ?? '');
    if (seen.has(folded)) repeated.push(name ?? '');
    seen.add(folded);
  }
  if (repeated.length > 0)
    throw new InputSchemaError({
      path,
      reason:
        'names a column twice (upper and lower case do not count); correct the header, or give csv.names',
      columns: repeated,
    });
  refuseHostileNames(path, names.map(String));
};

type Seen = { readonly file: PinnedFile; readonly columns: readonly Column[] };

/** Names and, where `isTyped`, types of one file under the fixed dialect. */
const sniffFile = async (
  connection: DuckDBConnection,
  {
    file,
    csv,
    request,
    isTyped,
  }: {
    readonly file: PinnedFile;
    readonly csv: PinnedCsv;
    readonly request: SniffCsvRequest;
    readonly isTyped: boolean;
  },
): Promise<Seen> => {
  const given = renderGiven(request, file);
  const sample = isTyped ? [] : ['sample_size = 1'];
  const args = [...given.filter((text) => isTyped || !text.startsWith('sample_size')), ...sample];
  try {
    if (csv.header && request.options.names === undefined)
      refuseNames(file.path, await readHeader(connection, file, csv, given));
    const sniffed = await sniff(connection, file, [...args, ...renderFixedDialect(csv), ...LENIENT]);
    refuseColumnCount(file.path, columnsOf(sniffed).length);
    return { file, columns: columnsOf(sniffed) };
  } catch (error) {
    if (error instanceof InputSchemaError || error instanceof LimitError) throw error;
    throw formatError(file, error);
  }
};

/** Columns of a file that have no value in its sample: their type says nothing. */
const emptyColumns = async (
  connection: DuckDBConnection,
  { file, columns }: Seen,
  csv: PinnedCsv,
  request: SniffCsvRequest,
): Promise<ReadonlySet<string>> => {
  const rows = request.options.sample_size ?? DEFAULT_SAMPLE_ROWS;
  const args = [
    ...renderGiven(request, file).filter((text) => !/^(all_varchar|names)\b/.test(text)),
    ...renderFixedDialect(csv),
    'all_varchar = true',
    ...LENIENT,
    `names = ${listOf(columns.map(({ name }) => name))}`,
  ];
  const counts = columns.map(({ name }, index) => `count(${quoteIdentifier(name)}) AS c${index}`);
  const [row = {}] = await queryRows(
    connection,
    `SELECT ${counts.join(', ')} FROM (FROM read_csv(${[quotePath(file.path), ...args].join(', ')})${rows < 0 ? '' : ` LIMIT ${rows}`})`,
  );
  return new Set(columns.filter((_, index) => Number(row[`c${index}`]) === 0).map(({ name }) => name));
};

const evenly = <T>(items: readonly T[], count: number): ReadonlySet<T> =>
  new Set(
    items.length <= count
      ? items
      : Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)] as T), // within bounds
  );

const largest = (headed: readonly Headed[]): Headed | undefined =>
  headed.reduce<Headed | undefined>(
    (most, next) => (most === undefined || next.file.sizeBytes > most.file.sizeBytes ? next : most),
    undefined,
  );

/** Files with the same first line have the same names: only one of them is asked. */
const headerKey = ({ file, head }: Headed, csv: PinnedCsv): string => {
  const isSure = csv.skip === 0 && csv.encoding === 'utf-8' && head.isLineWhole;
  return isSure ? head.firstLine : file.path;
};

const readHeads = async (files: readonly PinnedFile[]): Promise<readonly Headed[]> => {
  const headed: Headed[] = [];
  for (const file of files) {
    const head = await readFileHead(file);
    headed.push({ head, file: head.newline === undefined ? file : { ...file, newline: head.newline } });
  }
  return headed;
};

/**
 * Finds dialect, columns and layouts of CSV files.
 * Throws InputFormatError, InputSchemaError (files differ, names repeat, nothing known), LimitError.
 */
export const sniffCsv = async (
  connection: DuckDBConnection,
  request: SniffCsvRequest,
): Promise<SniffedCsv> => {
  const headed = await readHeads(request.files);
  const filled = headed.filter(({ head }) => !head.isBlank);
  for (const each of filled) {
    refuseEncoding(each, request.options);
    refuseNewline(each, request.options);
    refuseWide(each, request);
  }
  const representative = largest(filled);
  if (representative === undefined) return withoutRows(request, headed);
  const csv = pinDialect(await sniffDialect(connection, representative, request), request);
  const typed = evenly(filled, TYPED_FILES);
  const byHeader = new Map<string, Seen>();
  const seen: Seen[] = [];
  for (const each of filled) {
    const known = csv.header ? byHeader.get(headerKey(each, csv)) : undefined;
    const isTyped = typed.has(each) || each === representative;
    const found =
      known !== undefined && !isTyped
        ? { file: each.file, columns: known.columns }
        : await sniffFile(connection, { file: each.file, csv, request, isTyped });
    byHeader.set(headerKey(each, csv), found);
    seen.push(found);
  }
  const named = seen.map((each) => declare(each, request, csv));
  const columns = await unify(connection, named, csv, request);
  requireSameColumns(named, columns, request.schema);
  return layOut(headed, named, columns, csv);
};

const refuseNewline = ({ file }: Headed, { new_line }: CsvOptions): void => {
  const given = new_line?.replace('\\r', '\r').replace('\\n', '\n');
  if (given !== undefined && file.newline !== undefined && given !== file.newline)
    throw new InputFormatError({
      path: file.path,
      reason: `ends its first line with ${JSON.stringify(file.newline)}, but csv.new_line says ${JSON.stringify(given)}`,
    });
};

const withoutRows = ({ options, files, delim }: SniffCsvRequest, headed: readonly Headed[]): SniffedCsv => {
  const declared = Object.entries(options.columns ?? {}).map(([name, type]) => ({ name, type }));
  if (declared.length === 0)
    throw new InputSchemaError({
      path: files[0]?.path ?? '',
      reason: 'is empty, as all files of the input are: no columns are known; give csv.columns',
    });
  const csv = pinDialect(
    { Delimiter: options.delim ?? options.sep ?? delim ?? ',', SkipRows: 0 },
    {
      options: { header: true, ...options },
      files,
      schema: 'same',
    },
  );
  return { csv, columns: declared, layouts: [], files: headed.map(({ file }) => file) };
};

/** Puts the user's `columns` in place of what was found: by name where the header has just these, else by position. */
const declare = (seen: Seen, { options }: SniffCsvRequest, csv: PinnedCsv): Seen => {
  if (options.columns === undefined) return seen;
  const declared = Object.entries(options.columns).map(([name, type]) => ({ name, type }));
  const byName = new Map(declared.map((column) => [foldColumnName(column.name), column]));
  const matched = seen.columns.flatMap(({ name }) => byName.get(foldColumnName(name)) ?? []);
  if (csv.header && matched.length === declared.length && seen.columns.length === declared.length)
    return { ...seen, columns: matched };
  if (seen.columns.length === declared.length || csv.null_padding) return { ...seen, columns: declared };
  throw new InputSchemaError({
    path: seen.file.path,
    reason: `has ${seen.columns.length} columns, but csv.columns names ${declared.length}`,
  });
};

/** The type of each column over all files; names are those of the first file that has the column. */
const unify = async (
  connection: DuckDBConnection,
  seen: readonly Seen[],
  csv: PinnedCsv,
  request: SniffCsvRequest,
): Promise<readonly Column[]> => {
  const { options } = request;
  if (options.columns !== undefined)
    return Object.entries(options.columns).map(([name, type]) => ({ name, type }));
  const given = new Map(
    Object.entries(options.types ?? {}).map(([name, type]) => [foldColumnName(name), type]),
  );
  const byName = new Map<string, { name: string; readonly from: { seen: Seen; column: Column }[] }>();
  for (const each of seen)
    for (const column of each.columns) {
      const entry = byName.get(foldColumnName(column.name)) ?? { name: column.name, from: [] };
      entry.from.push({ seen: each, column });
      byName.set(foldColumnName(column.name), entry);
    }
  for (const name of given.keys())
    if (!byName.has(name))
      throw new InputSchemaError({
        path: seen[0]?.file.path ?? '',
        reason: 'lacks a column that csv.types names',
        columns: [name],
      });
  const empties = new Map<Seen, ReadonlySet<string>>();
  const columns: Column[] = [];
  for (const [folded, { name, from }] of byName) {
    const types = new Set(from.map(({ column }) => column.type));
    let known = from;
    if (types.size > 1 && types.has('VARCHAR') && !given.has(folded)) {
      for (const { seen: each, column } of from)
        if (column.type === 'VARCHAR' && !empties.has(each))
          empties.set(each, await emptyColumns(connection, each, csv, request));
      known = from.filter(({ seen: each, column }) => empties.get(each)?.has(column.name) !== true);
    }
    const type =
      given.get(folded) ?? unifyCsvTypes((known.length > 0 ? known : from).map(({ column }) => column.type));
    columns.push({ name, type });
  }
  refuseColumnCount(seen[0]?.file.path ?? '', columns.length);
  return columns;
};

const requireSameColumns = (
  seen: readonly Seen[],
  columns: readonly Column[],
  schema: 'same' | 'union',
): void => {
  const [first] = seen;
  if (schema === 'union' || first === undefined) return;
  const expected = new Map(first.columns.map(({ name }) => [foldColumnName(name), name]));
  for (const { file, columns: own } of seen) {
    const names = new Set(own.map(({ name }) => foldColumnName(name)));
    const lacking = [...expected].filter(([folded]) => !names.has(folded)).map(([, name]) => name);
    const extra = own.filter(({ name }) => !expected.has(foldColumnName(name))).map(({ name }) => name);
    if (lacking.length > 0 || extra.length > 0)
      throw new InputSchemaError({
        path: file.path,
        reason: `${lacking.length > 0 ? 'lacks columns of' : 'has more columns than'} ${JSON.stringify(first.file.path)}; set input.schema: union to read both`,
        columns: lacking.length > 0 ? lacking : extra,
      });
  }
  if (columns.length !== expected.size) throw new Error('columns were unified wrongly');
};

const layOut = (
  headed: readonly Headed[],
  seen: readonly Seen[],
  columns: readonly Column[],
  csv: PinnedCsv,
): SniffedCsv => {
  const nameOf = new Map(columns.map(({ name }) => [foldColumnName(name), name]));
  const indexes = new Map<string, number>();
  const layouts: string[][] = [];
  const layoutOfPath = new Map<string, number>();
  for (const each of seen) {
    const names = each.columns.map(({ name }) => nameOf.get(foldColumnName(name)) ?? name);
    const key = JSON.stringify(names);
    const index = indexes.get(key) ?? layouts.push(names) - 1;
    indexes.set(key, index);
    layoutOfPath.set(each.file.path, index);
  }
  const files = headed.map(({ file }) => {
    const layout = layoutOfPath.get(file.path);
    return layout === undefined ? file : { ...file, layout };
  });
  return { csv, columns, layouts, files };
};
