import type { Column } from '../contract/columns.ts';
import type {
  PinnedCsvInput,
  PinnedFile,
  PinnedInput,
  PinnedJsonlInput,
  PinnedParquetInput,
  PinnedTextInput,
} from '../contract/pinned-input.ts';
import { quoteIdentifier, quotePath, quoteText } from './quote.ts';
import { renderJsonRow } from './read-json.ts';

/** Where a tolerant CSV or text read leaves its rejects: temporary tables of the connection. */
export const REJECT_TABLES = { errors: 'daybreak_reject_errors', scans: 'daybreak_reject_scans' } as const;

export type ReadInputOptions = {
  /** Whether bad rows are passed over, for `collectRejects` to find; otherwise the first one fails the query. */
  readonly tolerant: boolean;
  /** Columns to read, in the order wanted. Default: all. Only these are checked. */
  readonly columns?: readonly string[];
  /**
   * `serial` where DuckDB refused to read a file in parallel (`isParallelRefusal`): quoted line breaks
   * that look like rows. A tolerant read is serial within a file anyway: see {@link renderCsvOptions}.
   */
  readonly scan?: 'parallel' | 'serial';
};

type Group = { readonly files: readonly PinnedFile[]; readonly select: string; readonly from: string };

/** Lines of text are rows of one field: nothing separates two, as this is no character (a noncharacter). */
export const TEXT_DELIMITER = '\u{10FFFF}';

/** DuckDB's own default; more only where a line needs it. */
const BUFFER_BYTES = 32_000_000;

const readerOptions = (options: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(options)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} = ${value}`]))
    .join(', ');

const textOption = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : quoteText(text);
const listOption = (texts: readonly string[] | undefined): string | undefined =>
  texts === undefined ? undefined : `[${texts.map(quoteText).join(', ')}]`;
const columnsOption = (columns: readonly Column[]): string =>
  `{${columns.map(({ name, type }) => `${quoteText(name)}: ${quoteText(type)}`).join(', ')}}`;

/** JSON readers do not know the word `none`. */
const compressionOption = ([file]: readonly PinnedFile[]): string =>
  quoteText(file === undefined || file.compression === 'none' ? 'uncompressed' : file.compression);

const pathList = (files: readonly PinnedFile[]): string =>
  `[${files.map(({ path }) => quotePath(path)).join(', ')}]`;

/** Without it DuckDB puts `key=value` folders of any path in the place of columns. Ours come by `renderPerFile`. */
const NO_HIVE = { hive_partitioning: 'false' };

const REJECT_OPTIONS = {
  store_rejects: 'true',
  rejects_table: quoteText(REJECT_TABLES.errors),
  rejects_scan: quoteText(REJECT_TABLES.scans),
};

/**
 * `parallel` is off in a tolerant read: with it DuckDB 1.5.5 passes over whole runs of good rows where a
 * quoted line break lies near the border of two buffers, and reports no reject for them. It is off for
 * files of one column too, where it loses or adds empty rows at such borders.
 */
const scanOptions = (
  { tolerant, scan }: ReadInputOptions,
  columns: readonly Column[],
): Record<string, string> => ({
  ...(tolerant ? REJECT_OPTIONS : {}),
  ...(tolerant || scan === 'serial' || columns.length === 1 ? { parallel: 'false' } : {}),
});

/** `new_line` is never given: with it and no quote DuckDB 1.5.5 loses rows of files that end lines with CR LF. */
const renderCsvOptions = (
  { csv }: PinnedCsvInput,
  columns: readonly Column[],
  compression: string,
  options: ReadInputOptions,
): string =>
  readerOptions({
    auto_detect: 'false',
    columns: columnsOption(columns),
    delim: quoteText(csv.delim),
    quote: quoteText(csv.quote),
    escape: quoteText(csv.escape),
    comment: quoteText(csv.comment),
    header: String(csv.header),
    skip: String(csv.skip),
    encoding: quoteText(csv.encoding),
    compression,
    strict_mode: String(csv.strict_mode),
    null_padding: String(csv.null_padding),
    max_line_size: String(csv.max_line_size),
    buffer_size: String(Math.max(BUFFER_BYTES, 2 * csv.max_line_size)),
    nullstr: listOption(csv.nullstr),
    dateformat: textOption(csv.dateformat),
    timestampformat: textOption(csv.timestampformat),
    decimal_separator: textOption(csv.decimal_separator),
    thousands: textOption(csv.thousands),
    allow_quoted_nulls: csv.allow_quoted_nulls === undefined ? undefined : String(csv.allow_quoted_nulls),
    force_not_null: listOption(
      csv.force_not_null?.filter((name) => columns.some((column) => column.name === name)),
    ),
    ...NO_HIVE,
    ...scanOptions(options, columns),
  });

/** Which value a file has, chosen by the reader's own number of the file. */
const renderPerFile = (values: readonly (string | null)[], type: string): string => {
  const [first] = values;
  const literal = (value: string | null | undefined): string =>
    value === null || value === undefined ? 'NULL' : quoteText(value);
  if (values.every((value) => value === first)) return `CAST(${literal(first)} AS ${type})`;
  return `CAST([${values.map(literal).join(', ')}] AS ${type}[])[CAST(file_index AS BIGINT) + 1]`;
};

/** Renders a column of a group: of the files, of their folders, their path, or NULL where the group lacks it. */
const renderColumn = (
  input: PinnedInput,
  column: Column,
  group: {
    readonly files: readonly PinnedFile[];
    readonly has: (name: string) => boolean;
    readonly from?: string;
  },
): string => {
  const name = quoteIdentifier(column.name);
  if (input.hive.includes(column.name))
    return `${renderPerFile(
      group.files.map(({ hive }) => hive?.[column.name] ?? null),
      column.type,
    )} AS ${name}`;
  if (input.filename === column.name)
    return `${renderPerFile(
      group.files.map(({ path }) => path),
      column.type,
    )} AS ${name}`;
  if (!group.has(column.name)) return `CAST(NULL AS ${column.type}) AS ${name}`;
  return group.from === undefined ? name : `${group.from}.${name} AS ${name}`;
};

const groupBy = <Key>(
  files: readonly PinnedFile[],
  keyOf: (file: PinnedFile) => Key,
): Map<Key, PinnedFile[]> => {
  const groups = new Map<Key, PinnedFile[]>();
  for (const file of files) {
    const key = keyOf(file);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return groups;
};

const planCsv = (
  input: PinnedCsvInput,
  columns: readonly Column[],
  options: ReadInputOptions,
): readonly Group[] => {
  const types = new Map(input.columns.map(({ name, type }) => [name, type]));
  const withRows = input.files.filter(({ layout }) => layout !== undefined);
  const groups = groupBy(withRows, ({ layout, compression }) => `${layout} ${compression}`);
  return [...groups.values()].map((files) => {
    const [first] = files;
    const names = input.layouts[first?.layout ?? -1] ?? [];
    const layout = names.map((name) => ({ name, type: types.get(name) ?? 'VARCHAR' }));
    const has = (name: string): boolean => names.includes(name);
    return {
      files,
      select: columns.map((column) => renderColumn(input, column, { files, has })).join(', '),
      from: `read_csv(${pathList(files)}, ${renderCsvOptions(input, layout, compressionOption(files), options)})`,
    };
  });
};

const fileColumns = (input: PinnedInput, columns: readonly Column[] = input.columns): readonly Column[] =>
  columns.filter(({ name }) => !input.hive.includes(name) && input.filename !== name);

/** One JSON value a line, NULL where a line is malformed; blank lines are no rows. */
export const renderJsonLines = (input: PinnedJsonlInput, files: readonly PinnedFile[]): string =>
  `read_ndjson_objects(${pathList(files)}, ${readerOptions({
    ignore_errors: 'true',
    format: quoteText('newline_delimited'),
    maximum_object_size: String(input.jsonl.maximum_object_size),
    compression: compressionOption(files),
    ...NO_HIVE,
  })})`;

const planJsonl = (
  input: PinnedJsonlInput,
  columns: readonly Column[],
  { tolerant }: ReadInputOptions,
): readonly Group[] => {
  const wanted = fileColumns(input, columns);
  const read = wanted.length > 0 ? wanted : fileColumns(input);
  const withRows = input.files.filter(({ sizeBytes }) => sizeBytes > 0);
  return [...groupBy(withRows, ({ compression }) => compression).values()].map((files) => {
    const strict = `read_json(${pathList(files)}, ${readerOptions({
      auto_detect: 'false',
      format: quoteText('newline_delimited'),
      records: quoteText('true'),
      columns: columnsOption(read),
      maximum_object_size: String(input.jsonl.maximum_object_size),
      compression: compressionOption(files),
      ...NO_HIVE,
      dateformat: textOption(input.jsonl.dateformat),
      timestampformat: textOption(input.jsonl.timestampformat),
    })})`;
    const row = renderJsonRow('json', read, input.jsonl);
    const lenient = `(SELECT TRY(${row}) AS daybreak_row, file_index FROM ${renderJsonLines(input, files)}) WHERE daybreak_row IS NOT NULL`;
    const group = { files, has: () => true, ...(tolerant ? { from: 'daybreak_row' } : {}) };
    return {
      files,
      select: columns.map((column) => renderColumn(input, column, group)).join(', '),
      from: tolerant ? lenient : strict,
    };
  });
};

const planParquet = (input: PinnedParquetInput, columns: readonly Column[]): readonly Group[] => {
  const { files } = input;
  const union = input.parquet.isUniform ? '' : ', union_by_name = true';
  const select = columns.map((column) => {
    const rendered = renderColumn(input, column, { files, has: () => true });
    const isOwn = rendered === quoteIdentifier(column.name);
    return isOwn && !input.parquet.isUniform
      ? `CAST(${rendered} AS ${column.type}) AS ${rendered}`
      : rendered;
  });
  return [
    {
      files,
      select: select.join(', '),
      from: `read_parquet(${pathList(files)}, hive_partitioning = false${union})`,
    },
  ];
};

const TEXT_COLUMNS: readonly Column[] = [{ name: 'text', type: 'VARCHAR' }];

/** Reads the lines of files in which only LF ends a line. */
const renderTextLines = (
  input: PinnedTextInput,
  files: readonly PinnedFile[],
  options: ReadInputOptions,
): string =>
  `read_csv(${pathList(files)}, ${readerOptions({
    auto_detect: 'false',
    columns: columnsOption(TEXT_COLUMNS),
    delim: quoteText(TEXT_DELIMITER),
    quote: quoteText(''),
    escape: quoteText(''),
    comment: quoteText(''),
    header: 'false',
    strict_mode: 'true',
    force_not_null: listOption(['text']),
    max_line_size: String(input.text.max_line_size),
    buffer_size: String(Math.max(BUFFER_BYTES, 2 * input.text.max_line_size)),
    compression: compressionOption(files),
    ...NO_HIVE,
    ...scanOptions(options, TEXT_COLUMNS),
  })})`;

/** Reads files whole: `text` is a file's text, or NULL where it is not UTF-8 and the read is tolerant. */
const renderWholeFiles = (files: readonly PinnedFile[], tolerant: boolean): string => {
  const text = tolerant ? 'TRY(decode(content))' : 'decode(content)';
  return `(SELECT ${text} AS text, file_index FROM read_blob(${pathList(files)})) WHERE text IS NOT NULL`;
};

/** Splits whole files at CR LF, LF and CR; what ends the last line begins no further one. */
const renderMixedLines = (files: readonly PinnedFile[], tolerant: boolean): string => {
  const lines = `replace(replace(text, chr(13) || chr(10), chr(10)), chr(13), chr(10))`;
  return `(SELECT unnest(string_split(regexp_replace(${lines}, '\\n\\z', ''), chr(10))) AS text, file_index FROM ${renderWholeFiles(files, tolerant)})`;
};

const planText = (
  input: PinnedTextInput,
  columns: readonly Column[],
  options: ReadInputOptions,
): readonly Group[] => {
  const isWhole = input.text.rows === 'file';
  const withRows = isWhole ? input.files : input.files.filter(({ sizeBytes }) => sizeBytes > 0);
  const groups = groupBy(withRows, (file) => `${file.compression} ${file.isIrregular === true}`);
  return [...groups.values()].map((files) => {
    const isMixed = files[0]?.isIrregular === true;
    const from = isWhole
      ? renderWholeFiles(files, options.tolerant)
      : isMixed
        ? renderMixedLines(files, options.tolerant)
        : renderTextLines(input, files, options);
    return {
      files,
      select: columns.map((column) => renderColumn(input, column, { files, has: () => true })).join(', '),
      from,
    };
  });
};

const planGroups = (
  input: PinnedInput,
  columns: readonly Column[],
  options: ReadInputOptions,
): readonly Group[] => {
  switch (input.format) {
    case 'csv':
    case 'tsv':
      return planCsv(input, columns, options);
    case 'jsonl':
      return planJsonl(input, columns, options);
    case 'parquet':
      return planParquet(input, columns);
    case 'text':
      return planText(input, columns, options);
  }
};

/**
 * Renders the input as a FROM item with exactly `input.columns` (or `options.columns`), in that order and
 * with those types. Strict, the query fails at the first bad row; tolerant, it gives the good rows.
 * DuckDB does not check a CSV or JSON value in a column that the query does not use.
 */
export const renderReadInput = (input: PinnedInput, options: ReadInputOptions): string => {
  const wanted = options.columns;
  const byName = new Map(input.columns.map((column) => [column.name, column]));
  const columns =
    wanted === undefined || wanted.length === 0
      ? input.columns
      : wanted.map((name) => {
          const column = byName.get(name);
          if (column === undefined) throw new Error(`the input has no column ${JSON.stringify(name)}`);
          return column;
        });
  const groups = planGroups(input, columns, options);
  const empty = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
  if (groups.length === 0) return `(SELECT ${empty.join(', ')} WHERE false)`;
  return `(${groups.map(({ select, from }) => `SELECT ${select} FROM ${from}`).join(' UNION ALL ')})`;
};
