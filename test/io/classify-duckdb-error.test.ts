import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryError, TaskDiskError, TaskMemoryError } from '../../functions/contract/errors-query.ts';
import { FAILURES } from '../../functions/contract/failures.ts';
import { classifyDuckDBError, redactDuckDBMessage } from '../../functions/io/classify-duckdb-error.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { quoteText } from '../../functions/sql/quote.ts';

const errorOf = async (sql: string, memoryBytes = 200_000_000): Promise<string> => {
  const scratchDir = mkdtempSync(join(tmpdir(), 'daybreak-classify-'));
  try {
    return await withDuckDB(
      { threads: 1, memoryBytes, scratchDir, readablePaths: [], writableDirs: [] },
      async (connection) => {
        try {
          await connection.runAndReadAll(sql);
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
        throw new Error(`no error came from ${sql}`);
      },
    );
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
};

describe('classifyDuckDBError', () => {
  const secret = 'hunter2';
  /** Each puts the secret in a cell and fails on it. */
  const values: readonly (readonly [sql: string, says: RegExp])[] = [
    ['v::INT', /^Conversion Error: Could not convert string … to INT32 when casting from source column v$/],
    ['v::DATE', /^Conversion Error: invalid date field format/],
    ['v::TIMESTAMPTZ', /^Conversion Error/],
    ['v::UUID', /^Conversion Error/],
    ['v::DECIMAL(4,2)', / to DECIMAL\(4,2\) when/],
    ['v::BIT', /^Conversion Error/],
    ['v::INTERVAL', /^Conversion Error/],
    ["('[1,' || v)::INT[]", /^Conversion Error/],
    ["('{a: ' || v || '}')::STRUCT(a INT)", /^Conversion Error/],
    ['(\'{"a": "\' || v || \'"\')::JSON', /^Conversion Error: Malformed JSON/],
    ["json_extract('{' || v, '$.x')", /^Invalid Input Error: Malformed JSON/],
    ['json_transform_strict(\'{"a":"\' || v || \'"}\', \'{"a":"INT"}\')', /^Invalid Input Error/],
    ["strptime(v, '%Y')", /^Invalid Input Error: Could not parse string/],
    ["regexp_matches('a', '(' || v)", /^Invalid Input Error: missing \)$/],
    ['unhex(v)', /^Invalid Input Error: Invalid input for hex digit$/],
    ['from_base64(v)', /^Conversion Error: Could not decode string/],
    ["date_trunc(v, TIMESTAMP '2020-01-01')", /^Conversion Error: extract specifier/],
    ["timezone(v, TIMESTAMP '2020-01-01')", /^Not implemented Error: Unknown TimeZone/],
    ['map([v, v], [1, 2])', /^Invalid Input Error: Map keys must be unique/],
    ["format(v || '{}')", /^Invalid Input Error/],
    ['(v || chr(10) || chr(39) || v)::INT', /^Conversion Error/],
    ["(v || chr(10) || chr(10) || 'LINE 1: ' || v)::INT", /^Conversion Error/],
    ["(v || ' can''t be cast ' || v)::INT", /^Conversion Error/],
    ['(length(v) + 7654314)::TINYINT', /^Conversion Error: Type INT64 with value … cannot be cast/],
    ['(length(v) + 7654314)::INT * 7654321::INT', /^Out of Range Error: Overflow in multiplication of INT32/],
    ['make_date(7654321, 99, length(v))', /^Conversion Error: Date out of range$/],
    ['sqrt(-length(v))', /^Out of Range Error: cannot take square root of a negative number$/],
  ];
  it.each(values)('takes the values of cells out of the error of %s', async (sql, says) => {
    const text = await errorOf(`SELECT ${sql} FROM (VALUES (${quoteText(secret)})) AS rows(v)`);
    const { kind, message } = classifyDuckDBError(text);
    expect(kind).toBe('QueryError');
    expect(message).toMatch(says);
    expect(message).not.toContain(secret);
    expect(message).not.toMatch(/76543/);
  });

  it('takes every value out of what DuckDB says of a failed cast', async () => {
    const scratchDir = mkdtempSync(join(tmpdir(), 'daybreak-classify-'));
    const word = fc.constantFrom(
      '"',
      "'",
      '\n',
      '\n\n',
      'LINE 1:',
      ': ',
      ' to ',
      "can't be cast",
      'with value ',
      'SECRET',
      '.',
      '{',
      '[',
    );
    const text = fc.array(word, { maxLength: 6 }).map((words) => `SECRET${words.join('')}SECRET`);
    try {
      await withDuckDB(
        { threads: 1, memoryBytes: 200_000_000, scratchDir, readablePaths: [], writableDirs: [] },
        (connection) =>
          fc.assert(
            fc.asyncProperty(
              text,
              fc.constantFrom('INT', 'DATE', 'JSON', 'INT[]', 'STRUCT(a INT)', 'BOOLEAN', 'UUID', 'INTERVAL'),
              async (value, type) => {
                let said = '';
                try {
                  await connection.runAndReadAll(
                    `SELECT v::${type} FROM (VALUES (${quoteText(value)})) AS rows(v)`,
                  );
                } catch (error) {
                  said = error instanceof Error ? error.message : String(error);
                }
                expect(said).toContain('SECRET');
                expect(redactDuckDBMessage(said)).not.toContain('SECRET');
              },
            ),
            { numRuns: 200 },
          ),
      );
    } finally {
      rmSync(scratchDir, { recursive: true, force: true });
    }
  });

  it('tells a task that needs more memory', async () => {
    const sql =
      "SELECT len(list(i::VARCHAR || 'xxxxxxxxxxxxxxxxxxxx' ORDER BY i DESC)) FROM range(1000000) AS rows(i)";
    expect(classifyDuckDBError(await errorOf(sql, 20_000_000)).kind).toBe('TaskMemoryError');
  });

  it("keeps the engine's own sizes where memory is out, for they are what helps", () => {
    const text =
      'Out of Memory Error: could not allocate block of size 256.0 KiB (19.0 MiB/20.5 MiB used)\n\nPossible solutions: 77';
    expect(classifyDuckDBError(text).message).toBe(
      'Out of Memory Error: could not allocate block of size 256.0 KiB (19.0 MiB/20.5 MiB used)',
    );
  });

  const texts: readonly (readonly [text: string, kind: string])[] = [
    ['INTERRUPT Error: Interrupted!', 'interrupted'],
    ['IO Error: Could not write file "/x": No space left on device', 'TaskDiskError'],
    [
      "Out of Memory Error: failed to offload data block of size 256.0 KiB (1.0 GiB/1.0 GiB used).\nThis limit was set by the 'max_temp_directory_size' setting.",
      'TaskDiskError',
    ],
    [
      'Out of Memory Error: could not allocate block of size 256.0 KiB (19.0 MiB/19.0 MiB used)',
      'TaskMemoryError',
    ],
    [
      'Invalid Input Error: CSV Error on Line: 3\nOriginal Line: a,b,c\nExpected Number of Columns: 2 Found: 3',
      'reader',
    ],
    ['Conversion Error: CSV Error on Line: 3\nOriginal Line: x\nError when converting column "a".', 'reader'],
    [
      'Invalid Input Error: Malformed JSON in file "x.json", at byte 5 in line 2: unexpected character.',
      'reader',
    ],
    [
      'Invalid Input Error: The CSV Parser state machine reached an invalid state.\nThis can happen when is not possible to parse your CSV File',
      'reader',
    ],
    ["Invalid Input Error: No magic bytes found at end of file 'x.parquet'", 'reader'],
    ['INTERNAL Error: Attempted to access index 0 within vector of size 0', 'fault'],
    ['Binder Error: Referenced column "x" not found in FROM clause!', 'fault'],
    ['Catalog Error: Table with name x does not exist!', 'fault'],
    ['something else', 'fault'],
  ];
  it.each(texts)('judges %s', (text, kind) => {
    expect(classifyDuckDBError(text).kind).toBe(kind);
  });
});

describe('the errors of a query', () => {
  it('have their rows in the table of failures', () => {
    const facts = { task: 'map 3', message: 'Conversion Error' };
    const errors = [
      new QueryError(facts),
      new TaskMemoryError({ ...facts, memoryBytes: 5e6 }),
      new TaskDiskError({ ...facts, scratchDir: 'scratch' }),
    ];
    expect(errors.map(({ name, row }) => FAILURES[name] === row)).toEqual([true, true, true]);
    expect(errors.map(({ message }) => message)).toEqual([
      'map 3: Conversion Error; found in the values that an expression got',
      'map 3: needs more than the 5 MB of memory it has: Conversion Error',
      'map 3: no space is left for spilling or writing (scratch folder scratch): Conversion Error',
    ]);
  });
});
