import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  Bool,
  DenseUnion,
  Field,
  Int64,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimeMicrosecond,
  tableFromArrays,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputFormatError } from '../../functions/contract/errors-input.ts';
import { TYPE_KEY } from '../../functions/io/arrow/types.ts';
import { encodeQuery, withConnection } from './arrow/round-trip.ts';
import { withFolder, withInput } from './open-input.ts';
import { readArrowRows } from './read-arrow-rows.ts';

const QUERY = `SELECT i, 'text ' || i AS s, 'a text longer than twelve ' || i AS l, [i, i + 1] AS li,
  {'a': i % 3 = 0, 'b': [i::VARCHAR]} AS st, CASE WHEN i % 2 = 0 THEN 'a' END::ENUM('a', 'b') AS e,
  MAP {i: i::VARCHAR} AS m, [i::VARCHAR, NULL]::VARCHAR[2] AS a, TIME '12:00:00' + i * INTERVAL 1 SECOND AS t
  FROM range(300) r(i)`;

const encode = async (sql: string, codec: 'none' | 'zstd' = 'none'): Promise<Uint8Array> =>
  withConnection(async (connection) => (await encodeQuery(connection, sql, { codec, batchRows: 100 })).bytes);

/** The rows of one file, or the error's name and sentence. */
const outcomeOf = async (folder: string, bytes: Uint8Array): Promise<string> => {
  await writeFile(join(folder, 'in.arrow'), bytes);
  try {
    return await withInput(folder, { uri: 'in.arrow' }, async (connection, input) => {
      return JSON.stringify(await readArrowRows(connection, input));
    });
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

/** One column of two rows; `data` are the properties of its type, which makeData knows one by one only. */
const oneColumn = (field: Field, data: object): Uint8Array => {
  const schema = new Schema([field]);
  const struct = makeData({ type: new Struct([field]), length: 2, children: [makeData(data as never)] });
  return tableToIPC(new Table(schema, new RecordBatch(schema, struct)), 'stream');
};

const longs = new BigInt64Array([1n, 2n]);

const unionOf = (): Uint8Array => {
  const type = new DenseUnion([0, 1], [new Field('a', new Int64()), new Field('b', new Bool())]);
  const data = {
    type,
    length: 2,
    typeIds: new Int8Array(2),
    valueOffsets: new Int32Array([0, 1]),
    children: [makeData({ type: new Int64(), data: longs }), makeData({ type: new Bool(), length: 0 })],
  };
  return oneColumn(new Field('u', type, true), data);
};

describe('a damaged Arrow file', () => {
  it('fails by name wherever a file or a stream is cut short', async () => {
    const stream = await encode('SELECT 42 AS v');
    const file = tableToIPC(tableFromIPC(stream), 'file');
    await withFolder(async (folder) => {
      expect(await outcomeOf(folder, stream)).toBe('[[42]]');
      expect(await outcomeOf(folder, file)).toBe('[[42]]');
      for (const whole of [stream, file])
        for (let length = 0; length < whole.length; length += length < whole.length - 24 ? 17 : 1)
          expect(await outcomeOf(folder, whole.subarray(0, length))).toMatch(
            /^InputFormatError: the input file ".*in\.arrow"/,
          );
    });
  });

  it('gives rows or fails by name wherever bytes are changed', async () => {
    const stream = await encode(QUERY);
    const files = [stream, await encode(QUERY, 'zstd'), tableToIPC(tableFromIPC(stream), 'file')];
    const place = fc.noBias(fc.nat(1_000_000)).map((millionths) => millionths / 1_000_001);
    const damage = fc.record({
      which: fc.nat(files.length - 1),
      places: fc.array(fc.record({ at: place, byte: fc.nat(255) }), { minLength: 1, maxLength: 4 }),
    });
    const names = new Map<string, number>();
    await withFolder((folder) =>
      fc.assert(
        fc.asyncProperty(damage, async ({ which, places }) => {
          const damaged = Uint8Array.from(files[which] ?? []);
          for (const { at, byte } of places) damaged[Math.floor(at * damaged.length)] = byte;
          const outcome = await outcomeOf(folder, damaged);
          // A list of many elements each is no damage that can be seen; a task names it as TaskMemoryError.
          if (outcome.startsWith('Error: Out of Memory Error')) return;
          const name = outcome.startsWith('[') ? 'rows' : (/^\w+/.exec(outcome)?.[0] ?? outcome);
          names.set(name, (names.get(name) ?? 0) + 1);
          if (!['rows', 'InputFormatError', 'InputSchemaError'].includes(name)) throw new Error(outcome);
        }),
        { numRuns: Number(process.env.ARROW_RUNS ?? 150) },
      ),
    );
    expect(names.get('rows') ?? 0).toBeGreaterThan(0);
    expect(names.get('InputFormatError') ?? 0).toBeGreaterThan(0);
  });

  it.each<[string, () => Promise<Uint8Array> | Uint8Array, RegExp]>([
    ['without a byte', () => new Uint8Array(), /^InputFormatError: .* is empty, and so no Arrow file/],
    ['of another format', () => Buffer.from('a,b\n1,2\n'), /^InputFormatError: .*in\.arrow/],
    [
      'that is compressed as a whole',
      async () => gzipSync(await encode('SELECT 1 AS a')),
      /^InputFormatError/,
    ],
    ['of Feather version 1', () => Buffer.from(`FEA1${' '.repeat(64)}FEA1`), /Feather of version 1/],
    [
      'with two streams',
      async () => Buffer.concat([await encode('SELECT 1 AS a'), await encode('SELECT 2 AS a')]),
      /bytes follow its end/,
    ],
    [
      'without the mark of its end',
      async () => (await encode('SELECT 1 AS a')).subarray(0, -8),
      /no mark of its end: it may be cut short/,
    ],
    [
      'without columns',
      () => tableToIPC(new Table(new Schema([])), 'stream'),
      /^InputFormatError: .* has no columns/,
    ],
    [
      'with a name twice',
      () => tableToIPC(tableFromArrays({ a: Int32Array.of(1), A: Int32Array.of(2) }), 'stream'),
      /^InputSchemaError: .* names a column twice \(upper and lower case do not count\): "A"/,
    ],
    [
      'with a union',
      unionOf,
      /^InputFormatError: .*column "u" has the type .*Union.*DuckDB has no such type/,
    ],
    [
      'with a struct whose fields share a name',
      async () => {
        const type = new Struct([new Field('x', new Int64()), new Field('X', new Int64())]);
        const children = [
          makeData({ type: new Int64(), data: longs }),
          makeData({ type: new Int64(), data: longs }),
        ];
        return oneColumn(new Field('s', type as never, true), { type, length: 2, children });
      },
      /^InputFormatError: .*column "s" has the type struct.*that of another/,
    ],
    [
      'with a time outside the day',
      () =>
        oneColumn(new Field('t', new TimeMicrosecond(), true), {
          type: new TimeMicrosecond(),
          data: new BigInt64Array([0n, 86_400_000_001n]),
        }),
      /^InputFormatError: .* a time of day lies outside the day/,
    ],
  ])('fails by name where it is one %s', async (_, make, expected) => {
    const bytes = await make();
    await withFolder(async (folder) => {
      expect(await outcomeOf(folder, bytes)).toMatch(expected);
    });
  });

  it('does not take the DuckDB type of a column from the file', async () => {
    const field = new Field('v', new Int64(), true, new Map([[TYPE_KEY, 'TINYINT']]));
    await withFolder(async (folder) => {
      expect(await outcomeOf(folder, oneColumn(field, { type: new Int64(), data: longs }))).toBe(
        '[["1"],["2"]]',
      );
    });
  });

  it('fails by name where the file has other rows than were counted', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'a.arrow'), await encode('SELECT i FROM range(10) r(i)'));
      await withInput(folder, { uri: 'a.arrow' }, async (connection, input) => {
        const files = input.files.map((file) => ({ ...file, rows: 11 }));
        await expect(readArrowRows(connection, { ...input, files })).rejects.toBeInstanceOf(InputFormatError);
      });
    });
  });
});
