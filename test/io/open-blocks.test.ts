/** Blocks read in place, and blocks copied from a store that is not on files: the same rows, the same failures. */
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderBlockKey } from '../../functions/contract/keys.ts';
import type { TaskOf, TaskSource } from '../../functions/contract/task.ts';
import { readPartitionNumbers, writePartitionedBlock } from '../../functions/io/arrow/block-writer.ts';
import { appendStreams } from '../../functions/io/arrow/load-stream.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { openBlocks } from '../../functions/io/open-blocks.ts';
import { announceSeed } from '../oracle/grammar.ts';
import { printRows, withConnection } from './arrow/round-trip.ts';
import { unsyncedFiles } from './dying-files.ts';

const FROM = { job: 'themes', stage: '00-map' };
const PARTITIONS = 9;
const BLOCKS = 4;

let root: string;
let onFiles: ObjectStore;
/** Keys and lengths of the ranges that were asked for. */
let ranges: (readonly [string, number])[];
let remote: ObjectStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-blocks-'));
  onFiles = await openFileStore(join(root, 'store'), unsyncedFiles);
  ranges = [];
  remote = {
    ...onFiles,
    localPath: () => undefined,
    getRange: (key, offset, lengthBytes) => {
      ranges.push([key, lengthBytes]);
      return onFiles.getRange(key, offset, lengthBytes);
    },
  };
});
afterEach(() => rm(root, { recursive: true }));

const keyOf = ([task, run, attempt]: TaskSource): string =>
  renderBlockKey({ ...FROM, task, run, attempt, format: 'arrow' });

/** Writes a block of rows of its own, one in seven partitions, and puts it into the store. */
const putBlock = async (connection: DuckDBConnection, number: number): Promise<TaskSource> => {
  const source: TaskSource = [`00000${number}`, '0001', `${number}`.repeat(24), []];
  const result = await connection.stream(
    `SELECT (i % 7)::INTEGER p, i, 'row ' || i AS t FROM range(${number * 1000}, ${number * 1000 + 500}) r(i)`,
  );
  const types = result.columnTypes();
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] as DuckDBType }));
  const path = join(root, 'block');
  const options = { path, scratchPath: join(root, 'wait'), columns: columns.slice(1), firstColumn: 1 };
  const block = await writePartitionedBlock({ ...options, partitions: PARTITIONS }, async (append) => {
    for await (const chunk of result) append(chunk, readPartitionNumbers(chunk));
  });
  await onFiles.putFile(keyOf(source), path);
  await rm(path);
  source[3] = block.partitions.map(({ offset, sizeBytes, crc32, rows }) => [offset, sizeBytes, crc32, rows]);
  return source;
};

const taskOf = (sources: readonly TaskSource[], first: number, end: number): TaskOf<'partitions'> => ({
  kind: 'partitions',
  task: '000000',
  weightBytes: 0,
  first,
  end,
  sources: sources.map(([task, run, attempt, partitions]) => [
    task,
    run,
    attempt,
    partitions.slice(first, end),
  ]),
});

let tables = 0;
const readRows = async (
  connection: DuckDBConnection,
  store: ObjectStore,
  task: TaskOf<'partitions'>,
): Promise<readonly unknown[]> => {
  tables += 1;
  const scratchDir = join(root, `scratch-${tables}`);
  await mkdir(scratchDir);
  const blocks = await openBlocks({ store, ...FROM, scratchDir }, task);
  await connection.run(`CREATE TABLE t${tables} (i BIGINT, t VARCHAR)`);
  const rows = await appendStreams(connection, `t${tables}`, blocks.open());
  expect(blocks.rowsRead()).toBe(rows);
  return printRows(connection, `FROM t${tables}`);
};

const withBlocks = (
  use: (connection: DuckDBConnection, sources: readonly TaskSource[]) => Promise<void>,
): Promise<void> =>
  withConnection(async (connection) => {
    const sources: TaskSource[] = [];
    for (let number = 0; number < BLOCKS; number += 1) sources.push(await putBlock(connection, number));
    await use(connection, sources);
  });

describe('blocks of a store that is not on files', () => {
  it('give the rows that they give in place, with one ranged read for each block', () =>
    withBlocks((connection, sources) =>
      fc.assert(
        fc.asyncProperty(
          fc.subarray([...sources]),
          fc.integer({ min: 0, max: PARTITIONS }),
          fc.integer({ min: 0, max: PARTITIONS }),
          async (some, one, other) => {
            const task = taskOf(some, Math.min(one, other), Math.max(one, other));
            ranges = [];
            const found = await readRows(connection, remote, task);
            expect(found).toEqual(await readRows(connection, onFiles, task));
            const filled = task.sources.filter(([, , , each]) => each.some(([, sizeBytes]) => sizeBytes > 0));
            expect(ranges.map(([key]) => key).sort()).toEqual(filled.map(keyOf).sort());
          },
        ),
        announceSeed('blocks from afar', 40),
      ),
    ));

  it('can be read more than once, and take the disk that their bytes take', () =>
    withBlocks(async (connection, sources) => {
      const task = taskOf(sources, 2, 5);
      const scratchDir = join(root, 'scratch');
      await mkdir(scratchDir);
      const blocks = await openBlocks({ store: remote, ...FROM, scratchDir }, task);
      await connection.run('CREATE TABLE twice (i BIGINT, t VARCHAR)');
      const first = await appendStreams(connection, 'twice', blocks.open());
      expect(await appendStreams(connection, 'twice', blocks.open())).toBe(first);
      const sizeBytes = task.sources.flatMap(([, , , each]) => each).reduce((sum, [, size]) => sum + size, 0);
      expect((await stat(join(scratchDir, 'blocks'))).size).toBe(sizeBytes);
    }));

  it('fail by name where one is gone', () =>
    withBlocks(async (connection, sources) => {
      await onFiles.delete(keyOf(sources[1] as TaskSource));
      for (const store of [remote, onFiles])
        await expect(readRows(connection, store, taskOf(sources, 0, 9))).rejects.toMatchObject({
          name: 'BlockMissingError',
          message: expect.stringContaining('of task 000001 is gone'),
        });
    }));

  it('fail by name where one ends too soon, or has a wrong byte', () =>
    withBlocks(async (connection, sources) => {
      const source = sources[2] as TaskSource;
      const path = onFiles.localPath(keyOf(source)) ?? '';
      const { size } = await stat(path);
      const bytes = await readFile(path);
      const judge = async (): Promise<void> => {
        for (const store of [remote, onFiles])
          await expect(readRows(connection, store, taskOf(sources, 0, 9))).rejects.toMatchObject({
            name: 'BlockCorruptError',
            key: keyOf(source),
          });
      };
      await truncate(path, size - 1);
      await judge();
      const middle = Math.floor(size / 2);
      bytes[middle] = (bytes[middle] as number) ^ 1;
      await writeFile(path, bytes);
      await judge();
    }));
});
