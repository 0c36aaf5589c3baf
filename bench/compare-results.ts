/**
 * Law: two results are equal when they have the same columns (names, order, types) and a one-to-one assignment of
 * rows exists in which every value is equal; the order of rows does not count.
 *
 * Values are equal as DuckDB's GROUP BY sees them (NULL = NULL, NaN = NaN, -0.0 = 0.0, also inside lists and
 * structs); a FLOAT or DOUBLE column may differ by 1e-9 of the larger magnitude, because sums depend on the order
 * of addition.
 */
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

const RELATIVE_TOLERANCE = 1e-9;
/** Rows that sorting could not pair are matched each against each; more than so many are taken as different. */
const MAX_ROWS_MATCHED_EACH_AGAINST_EACH = 20_000;
const ROWS_SHOWN = 3;

/** `absolute`: floats may also differ by so much. 0 where it is not given: only a reason permits more. */
export type Tolerance = { readonly absolute?: number };

type ResultColumn = { readonly name: string; readonly type: string };

const READERS: Readonly<Record<string, string>> = {
  '.parquet': 'read_parquet',
  '.csv': 'read_csv',
  '.jsonl': 'read_json',
};

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The files of a result: the path itself, or a folder's files, without those of `_manifest.json`'s kind. */
const listResultFiles = (path: string): readonly string[] => {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => extname(name) in READERS && !/^[._]/.test(name));
  if (names.length === 0)
    throw new Error(`${path} holds no result files (${Object.keys(READERS).join(', ')})`);
  return names.sort().map((name) => join(path, name));
};

/** SQL that reads a result: a Parquet, CSV or JSONL file, or a folder of such files of one format. */
export const renderResultSource = (path: string): string => {
  const files = listResultFiles(path);
  const readers = new Set(files.map((file) => READERS[extname(file)]));
  const [reader] = readers;
  if (reader === undefined || readers.size > 1) throw new Error(`${path} holds files of several formats`);
  return `SELECT * FROM ${reader}([${files.map(quote).join(', ')}])`;
};

const describe = async (connection: DuckDBConnection, query: string): Promise<readonly ResultColumn[]> => {
  const described = await connection.runAndReadAll(
    `SELECT column_name, column_type FROM (DESCRIBE ${query})`,
  );
  return described.getRows().map(([name, type]) => ({ name: `${name}`, type: `${type}` }));
};

const readNumber = async (connection: DuckDBConnection, query: string): Promise<number> =>
  Number((await connection.runAndReadAll(query)).getRows()[0]?.[0]);

const renderColumns = (columns: readonly ResultColumn[]): string =>
  columns.map(({ name, type }) => `${name} ${type}`).join(', ');

const isFloat = ({ type }: ResultColumn): boolean => type === 'DOUBLE' || type === 'FLOAT';

/** Columns by position (c0, c1 …), so that no name of a result can meet one of ours. */
const splitColumns = (columns: readonly ResultColumn[], { absolute = 0 }: Tolerance) => {
  const named = columns.map((column, index) => ({ id: `c${index}`, isFloat: isFloat(column) }));
  return {
    all: named.map(({ id }) => id),
    exact: named.filter((column) => !column.isFloat).map(({ id }) => id),
    floats: named.filter((column) => column.isFloat).map(({ id }) => id),
    absolute,
  };
};
type SplitColumns = ReturnType<typeof splitColumns>;

const renderAgreement = ({ exact }: SplitColumns, a: string, b: string): string =>
  ['true', ...exact.map((id) => `${a}.${id} IS NOT DISTINCT FROM ${b}.${id}`)].join(' AND ');

const renderCloseness = ({ floats, absolute }: SplitColumns, a: string, b: string): string => {
  const close = floats.map((id) => {
    const [x, y] = [`${a}.${id}::DOUBLE`, `${b}.${id}::DOUBLE`];
    const allowed = `greatest(${absolute}::DOUBLE, ${RELATIVE_TOLERANCE} * greatest(abs(${x}), abs(${y})))`;
    const near = `abs(${x} - ${y}) <= ${allowed}`;
    return `(${x} IS NOT DISTINCT FROM ${y} OR coalesce(isfinite(${x}) AND isfinite(${y}) AND ${near}, false))`;
  });
  return ['true', ...close].join(' AND ');
};

/** Rows that agree in all exact columns are paired by the order of their float columns. */
const renderNumbered = (table: string, { exact, floats }: SplitColumns, isUnique: boolean): string => {
  if (isUnique) return `(SELECT *, 1 AS occurrence FROM ${table})`;
  const partition = exact.length === 0 ? '' : `PARTITION BY ${exact.join(', ')}`;
  const order = floats.length === 0 ? '' : `ORDER BY ${floats.map((id) => `${id} NULLS LAST`).join(', ')}`;
  return `(SELECT *, row_number() OVER (${partition} ${order}) AS occurrence FROM ${table})`;
};

const isUniqueByExactColumns = async (
  connection: DuckDBConnection,
  { exact }: SplitColumns,
  rows: number,
): Promise<boolean> => {
  if (exact.length === 0) return rows <= 1;
  const groups = `SELECT count(*) FROM (SELECT 1 FROM left_rows GROUP BY ${exact.join(', ')})`;
  return (await readNumber(connection, groups)) === rows;
};

/** Puts the rows without an equal partner into the table `unpaired`, with `side` 1 for left, -1 for right. */
const collectUnpaired = async (connection: DuckDBConnection, columns: SplitColumns, rows: number) => {
  const isUnique = await isUniqueByExactColumns(connection, columns, rows);
  await connection.run(`
    CREATE OR REPLACE TEMP TABLE pairs AS
      SELECT l AS left_row, r AS right_row
      FROM ${renderNumbered('left_rows', columns, isUnique)} AS l
      FULL JOIN ${renderNumbered('right_rows', columns, isUnique)} AS r
        ON l.occurrence = r.occurrence AND ${renderAgreement(columns, 'l', 'r')}
      WHERE l.occurrence IS NULL OR r.occurrence IS NULL OR NOT (${renderCloseness(columns, 'l', 'r')});
    CREATE OR REPLACE TEMP TABLE unpaired AS
      SELECT row_number() OVER () AS id, * FROM (
        SELECT 1 AS side, unnest(left_row) FROM pairs WHERE left_row.occurrence IS NOT NULL
        UNION ALL
        SELECT -1 AS side, unnest(right_row) FROM pairs WHERE right_row.occurrence IS NOT NULL)`);
  return readNumber(connection, 'SELECT count(*) FROM unpaired');
};

/**
 * Leaves in `unpaired` the rows that have not as many near rows on the other side as on their own. Sorting by
 * several float columns may pair rows wrongly where the first of them differs in its last bits only.
 */
const matchEachAgainstEach = async (connection: DuckDBConnection, columns: SplitColumns): Promise<number> => {
  const near = `${renderAgreement(columns, 'a', 'b')} AND ${renderCloseness(columns, 'a', 'b')}`;
  await connection.run(`
    DELETE FROM unpaired WHERE id IN (
      SELECT a.id FROM unpaired AS a JOIN unpaired AS b ON ${near} GROUP BY a.id HAVING sum(b.side) = 0)`);
  return readNumber(connection, 'SELECT count(*) FROM unpaired');
};

const showUnpaired = async (
  connection: DuckDBConnection,
  columns: readonly ResultColumn[],
  side: 'left' | 'right',
): Promise<string> => {
  const packed = columns.map(({ name }, index) => `"${name.replaceAll('"', '""')}" := c${index}`).join(', ');
  const rows = await connection.runAndReadAll(`
    SELECT struct_pack(${packed})::VARCHAR FROM unpaired WHERE side = ${side === 'left' ? 1 : -1}
    ORDER BY ${columns.map((_, index) => `c${index}`).join(', ')} LIMIT ${ROWS_SHOWN}`);
  return rows
    .getRows()
    .map(([row]) => `\n  ${side}: ${row}`)
    .join('');
};

/** Compares two queries of one session; a sentence that says how they differ, or undefined where they are equal. */
export const findQueryDifference = async (
  connection: DuckDBConnection,
  left: string,
  right: string,
  tolerance: Tolerance = {},
): Promise<string | undefined> => {
  const columns = await describe(connection, left);
  const rightColumns = await describe(connection, right);
  if (renderColumns(columns) !== renderColumns(rightColumns)) {
    return `the columns differ:\n  left: ${renderColumns(columns)}\n  right: ${renderColumns(rightColumns)}`;
  }
  const split = splitColumns(columns, tolerance);
  await connection.run(`
    CREATE OR REPLACE TEMP VIEW left_rows AS FROM (${left}) AS t(${split.all.join(', ')});
    CREATE OR REPLACE TEMP VIEW right_rows AS FROM (${right}) AS t(${split.all.join(', ')})`);
  const leftCount = await readNumber(connection, 'SELECT count(*) FROM left_rows');
  const rightCount = await readNumber(connection, 'SELECT count(*) FROM right_rows');
  let unpaired = await collectUnpaired(connection, split, leftCount);
  if (unpaired > 0 && unpaired <= MAX_ROWS_MATCHED_EACH_AGAINST_EACH) {
    unpaired = await matchEachAgainstEach(connection, split);
  }
  if (unpaired === 0) return undefined;
  const shown = [
    await showUnpaired(connection, columns, 'left'),
    await showUnpaired(connection, columns, 'right'),
  ];
  return `${unpaired} rows have no equal on the other side (left ${leftCount}, right ${rightCount} rows):${shown.join('')}`;
};

/** Compares two results given as files or folders; a sentence that says how they differ, or undefined. */
export const findDifference = async (
  leftPath: string,
  rightPath: string,
  tolerance: Tolerance = {},
): Promise<string | undefined> => {
  const instance = await DuckDBInstance.create(':memory:', { preserve_insertion_order: 'false' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const [left, right] = [renderResultSource(leftPath), renderResultSource(rightPath)];
    return await findQueryDifference(connection, left, right, tolerance);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};

if (import.meta.main) {
  const [left, right] = process.argv.slice(2);
  if (left === undefined || right === undefined) throw new Error('usage: compare-results.ts LEFT RIGHT');
  const difference = await findDifference(left, right);
  process.stdout.write(`${difference ?? 'equal'}\n`);
  process.exitCode = difference === undefined ? 0 : 1;
}
