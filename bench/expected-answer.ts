/** What an output must hold: plain DuckDB's answer, in the types that a Parquet output keeps without loss. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { PlainRun } from './plain-duckdb.ts';
import { findQuestion } from './questions.ts';

/** Left to itself DuckDB writes 128-bit integers to Parquet as DOUBLE, and intervals without microseconds. */
const KEPT_AS: readonly (readonly [type: RegExp, kept: string])[] = [
  [/\bU?HUGEINT\b/g, 'DECIMAL(38,0)'],
  [/\bINTERVAL\b/g, 'VARCHAR'],
];

const keptType = (type: string): string =>
  KEPT_AS.reduce((text, [found, kept]) => text.replaceAll(found, kept), type);

/** Writes a query's rows to one Parquet file. */
export const writeExpected = async (
  connection: DuckDBConnection,
  sql: string,
  path: string,
): Promise<void> => {
  const described = await connection.runAndReadAll(`SELECT column_name, column_type FROM (DESCRIBE ${sql})`);
  const columns = described.getRows().map(([name, type]) => {
    const column = `"${`${name}`.replaceAll('"', '""')}"`;
    return `CAST(${column} AS ${keptType(`${type}`)}) AS ${column}`;
  });
  await connection.run(`COPY (SELECT ${columns.join(', ')} FROM (${sql})) TO '${path}' (FORMAT parquet)`);
};

/** Writes the answer that plain DuckDB gives to a question. */
export const writeExpectedAnswer = async (run: PlainRun): Promise<void> => {
  const settings = { threads: `${run.threads}`, memory_limit: run.memory };
  const instance = await DuckDBInstance.create(':memory:', settings);
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const sql = findQuestion(run.question).sql(`read_${run.format}('${run.input}')`);
    await writeExpected(connection, sql, run.output);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
};
