import type { DuckDBConnection } from '@duckdb/node-api';
import { type PinnedParquetInput, readPathOf } from '../../contract/pinned-input.ts';
import type { RowGroup } from '../../core/plan-slices.ts';
import { renderIsNeeded } from '../../sql/needed-chunks.ts';
import { quotePath } from '../../sql/quote.ts';
import { renderBounds, renderMayMatch } from '../../sql/row-group-filter.ts';
import { parseExpressions } from '../parse-expressions.ts';
import { queryRows } from '../query-rows.ts';

/** A row group, or the whole file where its rows cannot be told apart, and where its rows begin. */
export type PlacedRowGroup = RowGroup & {
  readonly firstRow: number;
  /** Arrow: the record batches [first, end) that these rows are. */
  readonly batches?: readonly [number, number];
  /** False where its bounds prove that no row satisfies the filter. */
  readonly mayMatch: boolean;
};

export type RowGroupRequest = {
  readonly columns: readonly string[];
  /** An SQL predicate over the columns of the input; what is not understood of it rules nothing out. */
  readonly rowGroupFilter?: string;
};

/** Files whose footers one query reads. */
const FILES_PER_QUERY = 1_000;

/** DuckDB names a row's number by this column; a file that has one of its own hides it. */
const ROW_NUMBER = 'file_row_number';

/**
 * Reads the row groups of all files from their footers, in the order of files and rows; `columnBytes` are the
 * compressed bytes of `columns`.
 */
export const readRowGroups = async (
  connection: DuckDBConnection,
  input: PinnedParquetInput,
  { columns, rowGroupFilter }: RowGroupRequest,
): Promise<readonly PlacedRowGroup[]> => {
  const filter = await readFilter(connection, input, rowGroupFilter);
  const isNeeded = renderIsNeeded(
    columns.filter((name) => !input.hive.includes(name) && input.filename !== name),
  );
  const found = new Map<string, PlacedRowGroup[]>();
  for (let begin = 0; begin < input.files.length; begin += FILES_PER_QUERY) {
    const paths = input.files
      .slice(begin, begin + FILES_PER_QUERY)
      .map((file) => quotePath(readPathOf(file)));
    const rows = await queryRows(
      connection,
      `SELECT file_name, row_group_id, rows, bytes, ${filter.mayMatch} AS may_match FROM (
        SELECT ${[
          'file_name',
          'row_group_id',
          'any_value(row_group_num_rows) AS rows',
          `coalesce(sum(total_compressed_size) FILTER (${isNeeded}), 0) AS bytes`,
          ...filter.bounds,
        ].join(', ')}
        FROM parquet_metadata([${paths.join(', ')}]) GROUP BY file_name, row_group_id
      ) ORDER BY file_name, row_group_id`,
    );
    for (const row of rows) {
      const groups = found.get(String(row.file_name)) ?? [];
      const last = groups.at(-1);
      groups.push({
        file: -1,
        rowGroup: Number(row.row_group_id),
        firstRow: last === undefined ? 0 : last.firstRow + last.rows,
        rows: Number(row.rows),
        columnBytes: Number(row.bytes),
        mayMatch: row.may_match === true,
      });
      found.set(String(row.file_name), groups);
    }
  }
  const hidesRows = input.columns.some(({ name }) => name.toLowerCase() === ROW_NUMBER);
  return input.files.flatMap((pinned, file) => {
    const groups = (found.get(readPathOf(pinned)) ?? [])
      .filter(({ rows }) => rows > 0)
      .map((group) => ({ ...group, file }));
    const [first] = groups;
    if (!hidesRows || first === undefined) return groups;
    const sum = (of: (group: PlacedRowGroup) => number): number =>
      groups.reduce((total, group) => total + of(group), 0);
    const mayMatchAny = groups.some((group) => group.mayMatch);
    return [
      {
        ...first,
        mayMatch: mayMatchAny,
        rows: sum(({ rows }) => rows),
        columnBytes: sum(({ columnBytes }) => columnBytes),
      },
    ];
  });
};

type Filter = { readonly mayMatch: string; readonly bounds: readonly string[] };

const NO_FILTER: Filter = { mayMatch: 'true', bounds: [] };

const readFilter = async (
  connection: DuckDBConnection,
  input: PinnedParquetInput,
  text: string | undefined,
): Promise<Filter> => {
  if (text === undefined) return NO_FILTER;
  const [parsed] = await parseExpressions(connection, [{ path: 'rowGroupFilter', text, form: 'value' }]);
  if (parsed?.expression === undefined || parsed.problems.length > 0) return NO_FILTER;
  const own = input.columns.filter(({ name }) => !input.hive.includes(name) && input.filename !== name);
  return { mayMatch: renderMayMatch(parsed.expression, own), bounds: renderBounds(parsed.expression, own) };
};
