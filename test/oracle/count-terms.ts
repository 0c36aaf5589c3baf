/** The oracle of conservation: plain DuckDB works step by step through tables, and each term is a question of its own. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteIdentifier } from '../../functions/sql/quote.ts';
import type { Step } from './grammar.ts';
import { renderOracleSql } from './render-sql.ts';

/** Rows that a step removed and added. */
export type Terms = {
  readonly dropped: number;
  readonly grown: number;
  readonly folded: number;
  readonly cut: number;
};
export const NO_TERMS: Terms = { dropped: 0, grown: 0, folded: 0, cut: 0 };

/** What a source and each step leave, as tables, with the terms of each step. */
export type Worked = {
  readonly read: number;
  readonly written: number;
  readonly steps: readonly Terms[];
  readonly sum: Terms;
  /** The table of the result, its rows in their order. */
  readonly result: string;
};

const tableOf = (step: number): string => `oracle_${step}`;

const readNumber = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);

export const addTerms = (one: Terms, other: Terms): Terms => ({
  dropped: one.dropped + other.dropped,
  grown: one.grown + other.grown,
  folded: one.folded + other.folded,
  cut: one.cut + other.cut,
});

/** Works the steps over `source`, a table or a table function. */
export const workSteps = async (
  connection: DuckDBConnection,
  steps: readonly Step[],
  source: string,
): Promise<Worked> => {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${tableOf(0)} AS SELECT * FROM ${source}`);
  const terms: Terms[] = [];
  for (const [index, step] of steps.entries()) {
    const from = tableOf(index);
    terms.push(await termsOf(connection, step, from));
    const sql = renderOracleSql([step], from);
    await connection.run(`CREATE OR REPLACE TEMP TABLE ${tableOf(index + 1)} AS ${sql}`);
  }
  const result = tableOf(steps.length);
  return {
    read: await readNumber(connection, `SELECT count(*) FROM ${tableOf(0)}`),
    written: await readNumber(connection, `SELECT count(*) FROM ${result}`),
    steps: terms,
    sum: terms.reduce(addTerms, NO_TERMS),
    result,
  };
};

const termsOf = async (connection: DuckDBConnection, step: Step, from: string): Promise<Terms> => {
  const ask = (sql: string): Promise<number> => readNumber(connection, sql);
  const rows = await ask(`SELECT count(*) FROM ${from}`);
  const fold = async (keys: string): Promise<Terms> => {
    const groups = await ask(`SELECT count(*) FROM (SELECT 1 FROM ${from} GROUP BY ${keys})`);
    return { ...NO_TERMS, folded: rows - groups };
  };
  const namesOf = (names: readonly string[]): string => names.map(quoteIdentifier).join(', ');
  if ('filter' in step) {
    const dropped = await ask(`SELECT count(*) FROM ${from} WHERE (${step.filter}) IS NOT TRUE`);
    return { ...NO_TERMS, dropped };
  }
  if ('unnest' in step) {
    const length = `coalesce(len(${quoteIdentifier(step.unnest)}), 0)`;
    return {
      ...NO_TERMS,
      dropped: await ask(`SELECT count(*) FROM ${from} WHERE ${length} = 0`),
      grown: await ask(`SELECT coalesce(sum(${length} - 1), 0) FROM ${from} WHERE ${length} > 0`),
    };
  }
  if ('distinct' in step && step.distinct === true) {
    const left = await ask(`SELECT count(*) FROM (SELECT DISTINCT * FROM ${from})`);
    return { ...NO_TERMS, folded: rows - left };
  }
  if ('distinct' in step && step.distinct !== true) return fold(namesOf(step.distinct));
  if ('group_by' in step) {
    if (step.group_by.keys.length > 0) return fold(namesOf(step.group_by.keys));
    return rows === 0 ? { ...NO_TERMS, grown: 1 } : { ...NO_TERMS, folded: rows - 1 };
  }
  if ('sort' in step) return { ...NO_TERMS, cut: Math.max(rows - step.sort.limit, 0) };
  return NO_TERMS;
};
