import { describe, expect, it } from 'vitest';
import type { Column } from '../../functions/contract/columns.ts';
import { bindExpressions } from '../../functions/io/bind-expressions.ts';
import { inSession, judge, TYPED_COLUMNS } from './expression-session.ts';

const bind = (
  texts: readonly string[],
  columns: readonly Column[] = TYPED_COLUMNS,
  keys?: readonly string[],
  expects?: 'BOOLEAN',
) =>
  inSession(async (connection) => {
    const use = keys === undefined ? 'scalar' : 'aggregate';
    const judged = await judge(connection, texts, { columns, use, ...(keys === undefined ? {} : { keys }) });
    expect(judged.flatMap(({ problems }) => problems)).toEqual([]);
    const expressions = judged.flatMap(({ expression, text }) =>
      expression === undefined
        ? []
        : [{ path: text, expression, ...(expects === undefined ? {} : { expects }) }],
    );
    return bindExpressions(connection, expressions, { columns, ...(keys === undefined ? {} : { keys }) });
  });

describe('bindExpressions', () => {
  it('gives the types that DuckDB gives', async () => {
    const texts = [
      'int + 1',
      'text',
      'rec.b.c',
      '[dec]',
      'now()',
      "{a: 1, 'b c': day}",
      'pi()',
      'NULL',
      'dec * 2',
      'mood',
    ];
    expect(await bind(texts)).toEqual({
      types: [
        'INTEGER',
        'VARCHAR',
        'VARCHAR',
        'DECIMAL(9,2)[]',
        'TIMESTAMP WITH TIME ZONE',
        'STRUCT(a INTEGER, "b c" DATE)',
        'DOUBLE',
        expect.any(String),
        'DECIMAL(18,2)',
        "ENUM('low', 'high')",
      ],
      problems: [],
    });
  });

  it('takes every type that it gives as the type of a column', async () => {
    const { types } = await bind(TYPED_COLUMNS.map(({ name }) => name));
    expect(types.map((type) => type?.replaceAll(' ', ''))).toEqual(
      TYPED_COLUMNS.map(({ type }) => type.replaceAll(' ', '')),
    );
    const again = types.map((type, index) => ({ name: `c${index}`, type: type ?? '' }));
    expect(
      (
        await bind(
          again.map(({ name }) => name),
          again,
        )
      ).types,
    ).toEqual(types);
    const none = await bind(['NULL', '[]']);
    const columns = none.types.map((type, index) => ({ name: `c${index}`, type: type ?? '' }));
    expect((await bind(['c0', 'c1'], columns)).problems).toEqual([]);
  });

  it('binds aggregates with and without keys', async () => {
    expect(await bind(['count(*)', 'sum(int)', 'text || count(*)'], TYPED_COLUMNS, ['text'])).toEqual({
      types: ['BIGINT', 'HUGEINT', 'VARCHAR'],
      problems: [],
    });
    expect(await bind(['count(*)', 'max(int, 3)'], TYPED_COLUMNS, [])).toEqual({
      types: ['BIGINT', 'INTEGER[]'],
      problems: [],
    });
  });

  it('reports each expression that does not bind, with the types of its columns, and binds the others', async () => {
    const { types, problems } = await bind(['int + 1', 'day * 2', 'sqrt(blob)', 'rec.nope', 'text']);
    expect(types).toEqual(['INTEGER', undefined, undefined, undefined, 'VARCHAR']);
    expect(problems).toEqual([
      {
        path: 'day * 2',
        columns: ['day'],
        message: expect.stringMatching(
          /^No function matches .*'\*\(DATE, INTEGER_LITERAL\)' \(day is DATE\)\.$/,
        ),
      },
      { path: 'sqrt(blob)', columns: ['blob'], message: expect.stringMatching(/\(blob is BLOB\)\.$/) },
      {
        path: 'rec.nope',
        columns: ['rec'],
        message: expect.stringMatching(/^Could not find key "nope" in struct \(rec is STRUCT/),
      },
    ]);
  });

  it('rejects a type that is not the expected one', async () => {
    expect((await bind(['int > 1', 'int', 'text'], TYPED_COLUMNS, undefined, 'BOOLEAN')).problems).toEqual([
      { path: 'int', message: 'the expression is of type INTEGER, and BOOLEAN is expected here.' },
      { path: 'text', message: 'the expression is of type VARCHAR, and BOOLEAN is expected here.' },
    ]);
  });

  it('rejects constants that their type cannot hold, before any row', async () => {
    const texts = [
      "day > DATE '2026-13-01'",
      "text::INT > '12x'::INT",
      "TRY('x'::INT)",
      "TRY_CAST('x' AS INT)",
      "DATE '2026-12-01'",
    ];
    expect(await bind(texts)).toEqual({
      types: ['BOOLEAN', 'BOOLEAN', 'INTEGER', 'INTEGER', 'DATE'],
      problems: [
        {
          path: texts[0],
          message: expect.stringMatching(/out of range: "2026-13-01" \(in CAST\('2026-13-01' AS DATE\)\)\.$/),
        },
        { path: texts[1], message: expect.stringMatching(/^Could not convert string '12x' to INT32 \(in/) },
      ],
    });
  });

  it('binds against 20,000 columns in bounded time', async () => {
    const columns = Array.from({ length: 20_000 }, (_, index) => ({
      name: `column ${index}`,
      type: 'BIGINT',
    }));
    const began = performance.now();
    expect((await bind(['"column 1" + "column 19999"'], columns)).types).toEqual(['BIGINT']);
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('binds no expressions without asking', async () => {
    expect(await inSession((connection) => bindExpressions(connection, [], { columns: [] }))).toEqual({
      types: [],
      problems: [],
    });
  });
});
