import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ArrowFormatError,
  ColumnOverflowError,
  ColumnTypeError,
} from '../../../functions/contract/errors-arrow.ts';
import { decodeStream } from '../../../functions/io/arrow/decode-stream.ts';
import { arrowTypeOf } from '../../../functions/io/arrow/types.ts';
import { encodeQuery, loadTable, printRows, withConnection } from './round-trip.ts';

const QUERY = `SELECT i, 'text ' || i s, 'a text longer than twelve ' || i l, [i, i + 1] li, {'a': i % 3 = 0, 'b': [i::VARCHAR]} st,
  CASE WHEN i % 2 = 0 THEN 'a' END::ENUM('a', 'b') e, MAP {i: i::VARCHAR} m, [i::VARCHAR, NULL]::VARCHAR[2] a FROM range(300) r(i)`;

describe('a damaged stream', () => {
  it('fails by name or gives rows, but never reads or writes outside its memory', async () => {
    const streams = await withConnection(async (connection) => [
      (await encodeQuery(connection, QUERY, { codec: 'none' })).bytes,
      (await encodeQuery(connection, QUERY, { codec: 'zstd' })).bytes,
    ]);
    // Even over the whole: fast-check's own numbers lean towards the ends.
    const place = fc.noBias(fc.nat(1_000_000)).map((millionths) => millionths / 1_000_001);
    const outcomes = new Map<string, number>();
    const damage = fc.record({
      stream: fc.constantFrom(...streams),
      places: fc.array(fc.record({ at: place, byte: fc.nat(255) }), {
        minLength: 1,
        maxLength: 4,
      }),
      length: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, place),
    });
    await withConnection(async (connection) => {
      await fc.assert(
        fc.asyncProperty(damage, async ({ stream, places, length }) => {
          const damaged = Uint8Array.from(stream).subarray(0, Math.ceil(stream.length * length));
          for (const { at, byte } of places) damaged[Math.floor(at * damaged.length)] = byte;
          let outcome = 'rows';
          try {
            await connection.run('DROP TABLE IF EXISTS back');
            await loadTable(connection, 'back', damaged);
            await printRows(connection, 'FROM back');
          } catch (error) {
            outcome = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
          }
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }),
        { numRuns: Number(process.env.ARROW_RUNS ?? 300) },
      );
      // The errors of JavaScript itself would say that something was not checked.
      expect([...outcomes.keys()].filter((outcome) => /^(Type|Range|Reference)Error/.test(outcome))).toEqual(
        [],
      );
      expect(outcomes.size).toBeGreaterThan(10);
    });
  });

  it('fails by name wherever it is cut short', async () => {
    const { bytes } = await withConnection((connection) => encodeQuery(connection, 'SELECT 42 AS v'));
    for (let length = 0; length < bytes.length; length++)
      expect(() => [...decodeStream(bytes.subarray(0, length)).batches]).toThrow(ArrowFormatError);
  });
});

describe('a column that cannot cross', () => {
  it('is refused by name before any row', () => {
    for (const type of [
      'GEOMETRY',
      'VARIANT',
      'UNION(a INTEGER, b VARCHAR)',
      'NO_SUCH_TYPE',
      'STRUCT(a INTEGER',
      '',
    ])
      expect(() => arrowTypeOf(type), type).toThrow(ColumnTypeError);
  });

  it('is refused where it stands inside another, with its path', async () => {
    await withConnection(async (connection) => {
      const query = "SELECT {'inner': [union_value(num := 2)]} AS outer";
      await expect(encodeQuery(connection, "SELECT row(1, 'a') AS v")).rejects.toThrow('no names');
      await expect(encodeQuery(connection, query)).rejects.toThrow('column "outer.inner[]"');
    });
  });

  it('fails by name where a value does not fit', async () => {
    await withConnection(async (connection) => {
      const limit = '100000000000000000000000000000000000000';
      for (const value of [
        `${limit}::HUGEINT`,
        `-${limit}::HUGEINT`,
        '170141183460469231731687303715884105727::HUGEINT',
        `${limit}::UHUGEINT`,
        '340282366920938463463374607431768211455::UHUGEINT',
        `[[1, ${limit}::HUGEINT]]`,
        'to_hours(3000000)',
        'to_hours(-3000000)',
      ])
        await expect(encodeQuery(connection, `SELECT ${value} AS v`), value).rejects.toThrow(
          ColumnOverflowError,
        );
    });
  });
});
