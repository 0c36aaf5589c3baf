import { arrayValue, listValue } from '@duckdb/node-api';
import { expect, it } from 'vitest';
import { roughBytes } from '../../../functions/io/modules/rough-bytes.ts';

it('weighs an array as it does a list, by its items', () => {
  const items = Array.from({ length: 100 }, () => 'x'.repeat(1000));
  expect(roughBytes(arrayValue(items))).toBe(roughBytes(listValue(items)));
  expect(roughBytes(arrayValue(items))).toBeGreaterThan(100_000);
});
