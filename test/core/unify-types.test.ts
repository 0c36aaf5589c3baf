import { describe, expect, it } from 'vitest';
import { unifyCsvTypes, widenParquetTypes } from '../../functions/core/unify-types.ts';

describe('unifyCsvTypes', () => {
  it.each([
    [['BIGINT', 'BIGINT'], 'BIGINT'],
    [['BIGINT', 'DOUBLE', 'BIGINT'], 'DOUBLE'],
    [['TIMESTAMP', 'DATE'], 'TIMESTAMP'],
    [['BIGINT', 'VARCHAR'], 'VARCHAR'],
    [['BOOLEAN', 'BIGINT'], 'VARCHAR'],
    [['DATE', 'BIGINT'], 'VARCHAR'],
  ])('unifies %j to %s', (types, type) => {
    expect(unifyCsvTypes(types)).toBe(type);
  });
});

describe('widenParquetTypes', () => {
  it.each([
    [['INTEGER', 'BIGINT', 'SMALLINT'], 'BIGINT'],
    [['UTINYINT', 'UINTEGER'], 'UINTEGER'],
    [['UINTEGER', 'INTEGER'], 'BIGINT'],
    [['UBIGINT', 'TINYINT'], 'HUGEINT'],
    [['FLOAT', 'DOUBLE'], 'DOUBLE'],
    [['INTEGER', 'DOUBLE'], 'DOUBLE'],
    [['BIGINT', 'DOUBLE'], undefined],
    [['DATE', 'TIMESTAMP'], 'TIMESTAMP'],
    [['VARCHAR', 'BIGINT'], undefined],
    [['DECIMAL(18,3)', 'DECIMAL(18,2)'], undefined],
    [['STRUCT(x INTEGER)', 'STRUCT(x INTEGER)'], 'STRUCT(x INTEGER)'],
  ])('widens %j to %s', (types, type) => {
    expect(widenParquetTypes(types)).toBe(type);
  });
});
