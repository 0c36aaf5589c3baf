import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, InputSchemaError } from '../contract/errors-input.ts';
import type { CsvOptions } from '../contract/input.ts';
import type { PinnedCsv, PinnedFile } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import type { SniffCsvRequest } from '../sql/sniff-csv-options.ts';
import { refuseColumnCount } from './check-columns.ts';
import type { InputLook } from './input-look.ts';
import { mapBounded } from './map-bounded.ts';
import { countBlankLines, HEADS_AT_ONCE, readFileHead } from './read-head.ts';
import { declare, requireSameColumns, type Seen, sampleOf, sniffFile, unify } from './sniff-csv-columns.ts';
import { DELIMITERS, type Headed, pinDialect, sniffDialect } from './sniff-csv-dialect.ts';

/**
 * The law: the dialect is found once, in the largest file, and then fixed; names are found in every
 * file, types in up to {@link TYPED_FILES} of them. Whatever the user gives is not looked for.
 */

/** Files whose values are sampled for types, spread evenly. Finding types costs some milliseconds a file. */
const TYPED_FILES = 100;

export type SniffedCsv = {
  readonly csv: PinnedCsv;
  readonly columns: readonly Column[];
  readonly layouts: readonly (readonly string[])[];
  readonly files: readonly PinnedFile[];
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

const readHeads = (look: InputLook, files: readonly PinnedFile[]): Promise<readonly Headed[]> =>
  mapBounded(files, HEADS_AT_ONCE, async (file) => {
    const head = await readFileHead(file, look.readHead);
    return { head, file: head.newline === undefined ? file : { ...file, newline: head.newline } };
  });

/**
 * Finds dialect, columns and layouts of CSV files.
 * Throws InputFormatError, InputSchemaError (files differ, names repeat, nothing known), LimitError.
 */
export const sniffCsv = async (
  connection: DuckDBConnection,
  request: SniffCsvRequest & { readonly look: InputLook },
): Promise<SniffedCsv> => {
  const { look } = request;
  const headed = await readHeads(look, request.files);
  const filled = headed.filter(({ head }) => !head.isBlank);
  for (const each of filled) {
    refuseEncoding(each, request.options);
    refuseNewline(each, request.options);
    refuseWide(each, request);
  }
  const representative = largest(filled);
  if (representative === undefined) return withoutRows(request, headed);
  const found = await look.withSample([representative.file], sampleOf(request), ([file]) =>
    sniffDialect(connection, { ...representative, ...(file === undefined ? {} : { file }) }, request),
  );
  const csv = pinDialect(found, request);
  if (request.options.skip === undefined && csv.skip > 0)
    await mapBounded(filled, HEADS_AT_ONCE, async ({ file }) =>
      refuseSkip(file, await look.readHead(file), csv.skip),
    );
  const typed = evenly(filled, TYPED_FILES);
  const byHeader = new Map<string, Seen>();
  const seen: Seen[] = [];
  for (const each of filled) {
    const known = csv.header ? byHeader.get(headerKey(each, csv)) : undefined;
    const isTyped = typed.has(each) || each === representative;
    const found =
      known !== undefined && !isTyped
        ? { file: each.file, columns: known.columns }
        : await sniffFile({ connection, look }, { file: each.file, csv, request, isTyped });
    byHeader.set(headerKey(each, csv), found);
    seen.push(found);
  }
  const named = seen.map((each) => declare(each, request, csv));
  const columns = await unify({ connection, look, csv, request }, named);
  requireSameColumns(named, columns, request.schema);
  return layOut(headed, named, columns, csv);
};

/** Lines that DuckDB passes over by itself hold a header or rows, unless they are blank. */
const refuseSkip = (file: PinnedFile, head: Buffer, skip: number): void => {
  if (countBlankLines(head, skip) === skip) return;
  const lines = skip === 1 ? 'first line does' : `first ${skip} lines do`;
  throw new InputFormatError({
    path: file.path,
    reason: `cannot be read as one table: its ${lines} not fit the rest; set csv.skip: ${skip} to pass over what is no data, or correct them (csv.null_padding: true takes short rows, csv.skip: 0 makes rows that do not fit the first line rejects)`,
  });
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
