/**
 * The group-by data of the h2oai/DuckDB db-benchmark: `G1_{N}_{K}_{nas}_{sort}`, one CSV and one Parquet file.
 *
 * Columns: id1, id2 VARCHAR `id%03d` of 1..K; id3 VARCHAR `id%010d` of 1..N/K; id4, id5 INTEGER 1..K;
 * id6 INTEGER 1..N/K; v1 INTEGER 1..5; v2 INTEGER 1..15; v3 DOUBLE 0..100 with six decimals.
 *
 * @see https://github.com/duckdblabs/db-benchmark/blob/main/_data/groupby-datagen.R
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DuckDBConnection, DuckDBInstance, version } from '@duckdb/node-api';
import { cachedFolder } from './cached-folder.ts';

/** Change it with anything that changes the rows. */
const GENERATOR_VERSION = 1;
/** The seed of the original script; another generator of random numbers, so other rows of the same kind. */
const SEED = 108;
const ID_COLUMNS = ['id1', 'id2', 'id3', 'id4', 'id5', 'id6'];
const VALUE_COLUMNS = ['v1', 'v2', 'v3'];

export type GroupByData = {
  readonly rows: number;
  /** The groups of a large factor: id1, id2, id4 and id5 have so many, id3 and id6 have rows / groups. */
  readonly groups?: number;
  /** The percentage of an id column's values, and of a v column's rows, that become NULL. */
  readonly nullPercent?: number;
  readonly order?: 'random' | 'sorted';
};
export type DataFiles = { readonly csv: string; readonly parquet: string };

const renderPower = (n: number): string => n.toExponential().replace('e+', 'e');

const draw = (n: number): string => `CAST(floor(random() * ${n}) AS INTEGER) + 1`;

const drawRows = async (connection: DuckDBConnection, rows: number, groups: number): Promise<void> => {
  const smallGroups = Math.floor(rows / groups);
  await connection.run(`
    CREATE TABLE data AS SELECT
      format('id{:03d}', ${draw(groups)}) AS id1,
      format('id{:03d}', ${draw(groups)}) AS id2,
      format('id{:010d}', ${draw(smallGroups)}) AS id3,
      ${draw(groups)} AS id4, ${draw(groups)} AS id5, ${draw(smallGroups)} AS id6,
      ${draw(5)} AS v1, ${draw(15)} AS v2, round(random() * 100, 6) AS v3
    FROM range(${rows})`);
};

const putNulls = async (connection: DuckDBConnection, rows: number, percent: number): Promise<void> => {
  for (const id of ID_COLUMNS) {
    await connection.run(`
      CREATE OR REPLACE TEMP TABLE present AS SELECT ${id} AS value FROM data GROUP BY ALL ORDER BY ALL;
      CREATE OR REPLACE TEMP TABLE gone AS SELECT value FROM present ORDER BY random(), value
        LIMIT (SELECT floor(count(*) * ${percent} / 100)::BIGINT FROM present);
      UPDATE data SET ${id} = NULL WHERE ${id} IN (FROM gone)`);
  }
  for (const value of VALUE_COLUMNS) {
    await connection.run(`
      UPDATE data SET ${value} = NULL WHERE rowid IN (
        SELECT range FROM range(${rows}) ORDER BY random(), range LIMIT ${Math.floor((rows * percent) / 100)})`);
  }
};

/** Generates the files, or finds them in the cache; prints the seed when it generates. */
export const generateGroupBy = async (data: GroupByData): Promise<DataFiles> => {
  const { rows, groups = 100, nullPercent = 0, order = 'random' } = data;
  const name = `G1_${renderPower(rows)}_${renderPower(groups)}_${nullPercent}_${order === 'sorted' ? 1 : 0}`;
  const parameters = { name, generator: GENERATOR_VERSION, seed: SEED, engine: version() };
  const folder = await cachedFolder(name, parameters, async (own) => {
    process.stderr.write(`generating ${name} with seed ${SEED}\n`);
    const database = join(own, 'rows.duckdb');
    const instance = await DuckDBInstance.create(database);
    const connection = await instance.connect();
    try {
      // One thread while drawing, so that the seed decides every row.
      await connection.run(`SET threads = 1; SELECT setseed(${SEED} / 1000)`);
      await drawRows(connection, rows, groups);
      if (nullPercent > 0) await putNulls(connection, rows, nullPercent);
      await connection.run('RESET threads');
      const orderBy = order === 'sorted' ? `ORDER BY ${ID_COLUMNS.join(', ')}` : '';
      await connection.run(`COPY (FROM data ${orderBy}) TO '${join(own, name)}.parquet' (FORMAT parquet)`);
      await connection.run(`COPY (FROM '${join(own, name)}.parquet') TO '${join(own, name)}.csv' (HEADER)`);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
    await rm(database);
  });
  return { csv: join(folder, `${name}.csv`), parquet: join(folder, `${name}.parquet`) };
};

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1e7' },
      groups: { type: 'string', default: '1e2' },
      nulls: { type: 'string', default: '0' },
      sorted: { type: 'boolean', default: false },
    },
  });
  const files = await generateGroupBy({
    rows: Number(values.rows),
    groups: Number(values.groups),
    nullPercent: Number(values.nulls),
    order: values.sorted ? 'sorted' : 'random',
  });
  process.stdout.write(`${files.csv}\n${files.parquet}\n`);
}
