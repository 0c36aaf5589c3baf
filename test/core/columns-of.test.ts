import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../functions/core/columns-of.ts';
import { inSession, judge } from '../io/expression-session.ts';

const columns = ['a', 'b', 'c', 'd', 's'].map((name) => ({
  name,
  type: name === 's' ? 'STRUCT(a INTEGER)' : 'INTEGER',
}));

describe('columnsOf', () => {
  it.each([
    ['1', []],
    ['a', ['a']],
    ['s.a', ['s']],
    ['A + b * 2', ['a', 'b']],
    ['CASE WHEN a > 1 THEN b ELSE c END', ['a', 'b', 'c']],
    ['a BETWEEN b AND c', ['a', 'b', 'c']],
    ['a IN (1, b)', ['a', 'b']],
    ['CAST(coalesce(a, b) AS VARCHAR) LIKE c', ['a', 'b', 'c']],
    ['list_filter([a, b], lambda x: x > c)', ['a', 'b', 'c', 'x']],
    ['sum(a) FILTER (WHERE b > 1) / count(c)', ['a', 'b', 'c']],
    ["string_agg(a, ',' ORDER BY b DESC, c)", ['a', 'b', 'c']],
    ['NOT (a IS NULL AND b IS NOT DISTINCT FROM c)', ['a', 'b', 'c']],
    ['[a, b][c:d]', ['a', 'b', 'c', 'd']],
  ])('finds the names that %s reads, as they are declared', async (text, expected) => {
    const use = /\(.*(FILTER|ORDER BY)/.test(text) ? 'aggregate' : 'scalar';
    const [judged] = await inSession((connection) => judge(connection, [text], { columns, use }));
    expect(judged?.problems).toEqual([]);
    expect([...columnsOf(judged?.expression ?? { kind: 'refused' })].sort()).toEqual(expected);
  });
});
