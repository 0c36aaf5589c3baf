import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ColumnTypeError } from '../../../functions/contract/errors-arrow.ts';
import { parseDuckDBType, renderDuckDBType } from '../../../functions/io/arrow/type-text.ts';
import { randomColumn } from './random-columns.ts';
import { printTypes, withConnection } from './round-trip.ts';
import { TYPE_CASES } from './type-cases.ts';

describe('the text of a type', () => {
  it('is parsed and rendered as DuckDB itself describes it', async () => {
    const odd = [
      'STRUCT("a ""b" INTEGER, "c" STRUCT("(" VARCHAR[]))',
      'DECIMAL',
      'timestamptz',
      'MAP(INTEGER, JSON)',
    ];
    await withConnection(async (connection) => {
      const describeType = async (type: string) =>
        (await printTypes(connection, `SELECT NULL::${type} AS v`))[0];
      for (const type of [...Object.keys(TYPE_CASES), ...odd]) {
        const described = await describeType(type);
        expect(await describeType(renderDuckDBType(parseDuckDBType(type))), type).toBe(described);
        const text = described?.slice('v '.length) ?? '';
        expect(await describeType(renderDuckDBType(parseDuckDBType(text))), text).toBe(described);
      }
    });
  });

  it('survives parsing what was rendered, for any nested type', () => {
    fc.assert(
      fc.property(randomColumn, ({ type }) => {
        const text = renderDuckDBType(parseDuckDBType(type));
        expect(renderDuckDBType(parseDuckDBType(text))).toBe(text);
      }),
    );
  });

  it('is rejected by name where it is not the text of a type', () => {
    for (const text of [
      'INT8X',
      'STRUCT()',
      'MAP(INTEGER)',
      "ENUM('a",
      'INTEGER[',
      'INTEGER]',
      'DECIMAL(3',
      'INTEGER INTEGER',
    ])
      expect(() => parseDuckDBType(text), text).toThrow(ColumnTypeError);
  });
});
