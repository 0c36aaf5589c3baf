import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { isReadablePath, quotePath, quoteText } from '../../functions/sql/quote.ts';

let root = '';
const at = (...parts: string[]) => join(root, ...parts);
const readable = () => [at('in', "a,b'[x]*.csv"), at('in', 'two.csv')];

const session = <T>(use: (connection: DuckDBConnection) => Promise<T>, more: readonly string[] = []) =>
  withDuckDB(
    {
      threads: 1,
      memoryBytes: 200_000_000,
      scratchDir: at('scratch'),
      readablePaths: [...readable(), ...more],
      writableDirs: [at('out')],
    },
    use,
  );

const firstValue = async (connection: DuckDBConnection, sql: string) =>
  (await connection.runAndReadAll(sql)).getRowsJson()[0]?.[0];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'daybreak-session-'));
  for (const folder of ['in', 'out', 'scratch', 'elsewhere']) mkdirSync(at(folder));
  writeFileSync(at('in', "a,b'[x]*.csv"), 'v\n1\n');
  writeFileSync(at('in', 'two.csv'), 'v\n2\n');
  writeFileSync(at('in', "a,b'xother.csv"), 'v\n3\n');
  writeFileSync(at('elsewhere', 'secret.csv'), 'v\n4\n');
  symlinkSync(at('elsewhere', 'secret.csv'), at('in', 'link.csv'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('withDuckDB', () => {
  it('reads the files it was given, whatever their names', async () => {
    const found = await session(async (connection) => [
      await firstValue(connection, `SELECT v FROM read_csv(${quotePath(at('in', "a,b'[x]*.csv"))})`),
      await firstValue(connection, `SELECT v FROM read_csv(${quotePath(at('in', 'two.csv'))})`),
    ]);
    expect(found).toEqual(['1', '2']);
  });

  it('reads each file whose name is made of pattern characters, and no other', async () => {
    const letters = ['a', '*', '?', '[', ']', '\\', '!', '^'];
    const names = letters.flatMap((x) => letters.flatMap((y) => letters.map((z) => `${x}${y}${z}`)));
    mkdirSync(at('odd'));
    const paths = names.map((name) => at('odd', name));
    for (const path of paths) writeFileSync(path, path);
    const wrong = await session(async (connection) => {
      const bad: string[] = [];
      for (const path of paths.filter(isReadablePath)) {
        const reader = await connection.runAndReadAll(`SELECT content FROM read_text(${quotePath(path)})`);
        if (JSON.stringify(reader.getRows()) !== JSON.stringify([[path]])) bad.push(path);
      }
      return bad;
    }, paths);
    expect(wrong).toEqual([]);
  });

  it('writes into the folders it was given', async () => {
    const target = at('out', "o'[1]*.csv");
    await session((connection) => connection.run(`COPY (SELECT 1 AS v) TO ${quoteText(target)}`));
    expect(existsSync(target)).toBe(true);
  });

  it('spills into its scratch folder', async () => {
    const rows = await session((connection) =>
      firstValue(
        connection,
        'SELECT count(*) FROM (SELECT i, repeat(i::VARCHAR, 20) AS s FROM range(2000000) t(i) ORDER BY hash(i), s) WHERE i >= 0',
      ),
    );
    expect(rows).toBe('2000000');
  });

  const refusals: readonly (readonly [name: string, sql: () => string])[] = [
    ['reading a system file', () => "FROM read_text('/etc/passwd')"],
    ['reading by a bare name', () => `FROM ${quoteText(at('elsewhere', 'secret.csv'))}`],
    ['reading a file beside its own', () => `FROM read_csv(${quotePath(at('in', "a,b'xother.csv"))})`],
    ['reading a link in the folder of its input', () => `FROM read_csv(${quotePath(at('in', 'link.csv'))})`],
    ['climbing out of a folder', () => `FROM read_csv(${quoteText(`${at('out')}/../elsewhere/secret.csv`)})`],
    ['a pattern over its input', () => `FROM glob(${quoteText(at('in', '*'))})`],
    ['reading its spill folder', () => `FROM read_text(${quoteText(at('scratch', '..', 'elsewhere', '*'))})`],
    ['COPY elsewhere', () => `COPY (SELECT 1) TO ${quoteText(at('elsewhere', 'o.csv'))}`],
    ['COPY over its input', () => `COPY (SELECT 1) TO ${quoteText(at('in', 'link.csv'))}`],
    ['COPY out by ..', () => `COPY (SELECT 1) TO ${quoteText(`${at('out')}/../o.csv`)}`],
    ['EXPORT DATABASE', () => `EXPORT DATABASE ${quoteText(at('elsewhere', 'x'))}`],
    ['ATTACH', () => `ATTACH ${quoteText(at('elsewhere', 'x.db'))}`],
    ['INSTALL', () => 'INSTALL httpfs'],
    ['LOAD', () => 'LOAD httpfs'],
    ['LOAD of a file', () => `LOAD ${quoteText(at('out', 'x.duckdb_extension'))}`],
    ['a persistent secret', () => 'CREATE PERSISTENT SECRET s (TYPE http)'],
    ['more threads', () => 'SET threads = 8'],
    ['more memory', () => "SET memory_limit = '100GB'"],
    ['another zone', () => "SET TimeZone = 'Europe/Paris'"],
    ['external access', () => 'SET enable_external_access = true'],
    ['more folders', () => "SET allowed_directories = ['/']"],
    ['unlocking', () => 'SET lock_configuration = false'],
    ['RESET', () => 'RESET threads'],
    ['PRAGMA', () => 'PRAGMA threads = 8'],
    ['another spill folder', () => "SET temp_directory = '/'"],
    ['a profile file', () => `PRAGMA profiling_output = ${quoteText(at('elsewhere', 'p'))}`],
    ['the network', () => "FROM read_csv('https://localhost:1/x.csv')"],
  ];
  it.each(refusals)('rejects %s', async (_name, sql) => {
    await expect(session((connection) => connection.run(sql()))).rejects.toThrow(
      /Permission Error|configuration has been locked|Persistent secrets|requires the extension httpfs/,
    );
    expect(existsSync(at('elsewhere', 'o.csv'))).toBe(false);
  });

  it('keeps time in UTC', async () => {
    expect(await session((connection) => firstValue(connection, "SELECT current_setting('TimeZone')"))).toBe(
      'UTC',
    );
  });

  it('frees its handles where use throws', async () => {
    let lent: DuckDBConnection | undefined;
    await expect(
      session(async (connection) => {
        lent = connection;
        throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
    await expect(lent?.run('SELECT 1')).rejects.toThrow();
  });
});
