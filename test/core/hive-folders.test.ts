import { describe, expect, it } from 'vitest';
import { inferHiveType, parseHiveFolders } from '../../functions/core/hive-folders.ts';

describe('parseHiveFolders', () => {
  it('reads decoded keys and values of folders, and not of the file', () => {
    expect(parseHiveFolders('x/year=2024/k=a%20b%2Fc/f=1.csv')).toEqual({ year: '2024', k: 'a b/c' });
  });

  it('reads the null partition as null, and a lone % as it is', () => {
    expect(parseHiveFolders('k=__HIVE_DEFAULT_PARTITION__/p=5%/f.csv')).toEqual({ k: null, p: '5%' });
  });

  it('keeps an empty value, passes over an empty key, and splits at the first =', () => {
    expect(parseHiveFolders('k=/=v/a=b=c/f.csv')).toEqual({ k: '', a: 'b=c' });
  });
});

describe('inferHiveType', () => {
  it.each([
    [['1', '-20', null], 'BIGINT'],
    [['2024-02-29', '2023-01-01'], 'DATE'],
    [['2023-02-29'], 'VARCHAR'],
    [['1', 'a'], 'VARCHAR'],
    [[null], 'VARCHAR'],
    [['1'.repeat(19)], 'VARCHAR'],
  ])('takes %j as %s', (values, type) => {
    expect(inferHiveType(values)).toBe(type);
  });
});
