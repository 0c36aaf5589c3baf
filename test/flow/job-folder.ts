/** What a flow test needs around the command: a folder, a spec in it, and the judge of an output. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Manifest } from '../../functions/contract/manifest.ts';

export type SpecText = Readonly<Record<string, unknown>>;

/** A JSON document is a YAML one. */
export const writeSpec = async (folder: string, spec: SpecText, name = 'spec.yaml'): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ name: 'flow', ...spec }));
  return path;
};

/** The only job of a work folder. */
export const onlyJob = (folder: string): string => {
  const jobs = readdirSync(join(folder, '.daybreak/jobs'));
  const [job] = jobs;
  if (job === undefined || jobs.length > 1) throw new Error(`expected one job, found ${jobs.join(', ')}`);
  return job;
};

/**
 * The manifest of a complete output, undefined where nothing is under its name. Fails where the folder is there
 * without its manifest, or holds a part that the manifest does not list byte by byte.
 */
export const judgeOutput = (output: string): Manifest | undefined => {
  if (!existsSync(output)) return undefined;
  const names = readdirSync(output).filter((name) => name !== '_daybreak.json' && name !== '_manifest.json');
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(output, '_manifest.json'), 'utf8')));
  const rejects = names.includes('_rejects')
    ? readdirSync(join(output, '_rejects')).map((name) => `_rejects/${name}`)
    : [];
  const found = [...names.filter((name) => name !== '_rejects'), ...rejects].sort();
  const listed = [...manifest.parts, ...manifest.rejects];
  const expected = listed.map(({ name }) => name).sort();
  if (found.join() !== expected.join()) {
    throw new Error(`${output} holds ${found.join()}, its manifest lists ${expected.join()}`);
  }
  for (const { name, sha256 } of listed) {
    const digest = createHash('sha256')
      .update(readFileSync(join(output, name)))
      .digest('hex');
    if (digest !== sha256) throw new Error(`${output}/${name} is not the part that the manifest lists`);
  }
  return manifest;
};

/** What DuckDB answers, with values as JSON. */
export const query = async (sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  try {
    const connection = await instance.connect();
    const result = await connection.runAndReadAll(sql);
    connection.closeSync();
    return result.getRowObjectsJson();
  } finally {
    instance.closeSync();
  }
};

/** The rows of a Parquet output, in an order of their own. */
export const outputRows = (output: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  query(`SELECT * FROM read_parquet('${output}/part-*.parquet') ORDER BY ALL`);

/** Everything below a folder, relative to it, folders with a `/` at the end; none where it is not there. */
export const listTree = (folder: string): readonly string[] =>
  (existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [])
    .map(
      (entry) =>
        join(entry.parentPath, entry.name).slice(folder.length + 1) + (entry.isDirectory() ? '/' : ''),
    )
    .sort();

/** A job of any length from an input of one row: `size` cubed rows pass through it. */
export const busySteps = (size: number): readonly SpecText[] => [
  ...['x', 'y', 'z'].flatMap((name) => [{ extend: { [name]: `range(${size})` } }, { unnest: name }]),
  { group_by: { keys: ['x'], aggregates: { total: 'sum(y * z)' } } },
];
