import type { Column } from '../contract/columns.ts';
import {
  type PinnedCsvInput,
  type PinnedFile,
  type PinnedInput,
  type PinnedJsonlInput,
  type PinnedParquetInput,
  type PinnedTextInput,
  readCompressionOf,
} from '../contract/pinned-input.ts';
import { quoteIdentifier, quoteText } from './quote.ts';
import { planArrow } from './read-arrow.ts';
import { type InputGroup, renderInputColumn } from './read-column.ts';
import { renderTriedRow } from './read-json.ts';
import { renderJsonLines, renderMixedLines, renderTextLines, renderWholeFiles } from './read-lines.ts';
import {
  BUFFER_BYTES,
  columnsOption,
  compressionOption,
  listOption,
  NO_HIVE,
  pathList,
  type ReadInputOptions,
  readerOptions,
  scanOptions,
  textOption,
} from './reader-options.ts';

/**
 * A whole file has its header, and DuckDB finds its newline. The copy of a range has no header, and its first
 * newline may be a quoted one of the other kind, so it is given. Never `new_line` and `strict_mode` together:
 * with both DuckDB 1.5.5 silently loses rows of files that end lines with CR LF. Strict is its default.
 */
const framingOptions = (csv: PinnedCsvInput['csv'], [file]: readonly PinnedFile[]): Record<string, string> =>
  file?.copy === undefined
    ? { header: String(csv.header), skip: String(csv.skip), strict_mode: String(csv.strict_mode) }
    : {
        header: 'false',
        skip: '0',
        new_line: quoteText(file.newline === '\r\n' ? '\\r\\n' : '\\n'),
        parallel: 'false',
      };

const renderCsvOptions = (
  { csv }: PinnedCsvInput,
  columns: readonly Column[],
  files: readonly PinnedFile[],
  options: ReadInputOptions,
): string =>
  readerOptions({
    auto_detect: 'false',
    columns: columnsOption(columns),
    delim: quoteText(csv.delim),
    quote: quoteText(csv.quote),
    escape: quoteText(csv.escape),
    comment: quoteText(csv.comment),
    encoding: quoteText(csv.encoding),
    compression: compressionOption(files),
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
    ...framingOptions(csv, files),
  });

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
): readonly InputGroup[] => {
  const types = new Map(input.columns.map(({ name, type }) => [name, type]));
  const withRows = input.files.filter(({ layout }) => layout !== undefined);
  // Each copy stands alone, so that the rows of a slice stay in the order of the input.
  const groups = groupBy(
    withRows,
    (file) => `${file.layout} ${readCompressionOf(file)} ${file.copy?.path ?? ''}`,
  );
  return [...groups.values()].map((files) => {
    const [first] = files;
    const names = input.layouts[first?.layout ?? -1] ?? [];
    const layout = names.map((name) => ({ name, type: types.get(name) ?? 'VARCHAR' }));
    const has = (name: string): boolean => names.includes(name);
    return {
      files,
      select: columns.map((column) => renderInputColumn(input, column, { files, has })).join(', '),
      from: `read_csv(${pathList(files)}, ${renderCsvOptions(input, layout, files, options)})`,
    };
  });
};

const fileColumns = (input: PinnedInput, columns: readonly Column[] = input.columns): readonly Column[] =>
  columns.filter(({ name }) => !input.hive.includes(name) && input.filename !== name);

const planJsonl = (
  input: PinnedJsonlInput,
  columns: readonly Column[],
  { tolerant, columns: needed }: ReadInputOptions,
): readonly InputGroup[] => {
  const wanted = needed?.length === 0 ? [] : fileColumns(input, columns);
  const read = wanted.length > 0 ? wanted : fileColumns(input);
  const withRows = input.files.filter(({ sizeBytes }) => sizeBytes > 0);
  return [...groupBy(withRows, readCompressionOf).values()].map((files) => {
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
    const row = renderTriedRow('json', wanted, input.jsonl);
    // `unnest` keeps the optimizer from putting the whole expression in the place of each column.
    const lenient = `(SELECT unnest(list_filter([${row}], lambda r: r IS NOT NULL)) AS daybreak_row, file_index FROM ${renderJsonLines(input, files)})`;
    // Where no column is needed a tolerant read has none to give: they are NULL.
    const has = (name: string): boolean => !tolerant || wanted.some((column) => column.name === name);
    const group = { files, has, ...(tolerant ? { from: 'daybreak_row' } : {}) };
    return {
      files,
      select: columns.map((column) => renderInputColumn(input, column, group)).join(', '),
      from: tolerant ? lenient : strict,
    };
  });
};

/** Whole files together, and each run of row groups alone: DuckDB skips no row group by ranges joined with OR. */
const groupRowRuns = (files: readonly PinnedFile[]): readonly (readonly PinnedFile[])[] => {
  const runs: PinnedFile[][] = [];
  for (const file of files) {
    const last = runs.at(-1);
    const joins = file.readRows === undefined && last?.[0] !== undefined && last[0].readRows === undefined;
    if (joins) last.push(file);
    else runs.push([file]);
  }
  return runs;
};

const planParquet = (input: PinnedParquetInput, columns: readonly Column[]): readonly InputGroup[] =>
  groupRowRuns(input.files).map((files) => {
    const union = input.parquet.isUniform ? '' : ', union_by_name = true';
    const names = new Set(files.flatMap(({ layout }) => input.layouts?.[layout ?? -1] ?? []));
    const has = (name: string): boolean => input.layouts === undefined || names.has(name);
    const select = columns.map((column) => {
      const rendered = renderInputColumn(input, column, { files, has });
      const isOwn = rendered === quoteIdentifier(column.name);
      return isOwn && !input.parquet.isUniform
        ? `CAST(${rendered} AS ${column.type}) AS ${rendered}`
        : rendered;
    });
    const [first, end] = files[0]?.readRows ?? [];
    const rows = first === undefined ? '' : ` WHERE file_row_number >= ${first} AND file_row_number < ${end}`;
    return {
      files,
      select: select.join(', '),
      from: `read_parquet(${pathList(files)}, hive_partitioning = false${union})${rows}`,
    };
  });

const planText = (
  input: PinnedTextInput,
  columns: readonly Column[],
  options: ReadInputOptions,
): readonly InputGroup[] => {
  const isWhole = input.text.rows === 'file';
  const withRows = isWhole ? input.files : input.files.filter(({ sizeBytes }) => sizeBytes > 0);
  const groups = groupBy(withRows, (file) => `${readCompressionOf(file)} ${file.isIrregular === true}`);
  return [...groups.values()].map((files) => {
    const isMixed = files[0]?.isIrregular === true;
    const from = isWhole
      ? renderWholeFiles(files, options.tolerant)
      : isMixed
        ? renderMixedLines(files, options.tolerant)
        : renderTextLines(input, files, options);
    return {
      files,
      select: columns
        .map((column) => renderInputColumn(input, column, { files, has: () => true }))
        .join(', '),
      from,
    };
  });
};

const planGroups = (
  input: PinnedInput,
  columns: readonly Column[],
  options: ReadInputOptions,
): readonly InputGroup[] => {
  switch (input.format) {
    case 'csv':
    case 'tsv':
      return planCsv(input, columns, options);
    case 'jsonl':
      return planJsonl(input, columns, options);
    case 'parquet':
      return planParquet(input, columns);
    case 'arrow':
      return planArrow(input, columns);
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
