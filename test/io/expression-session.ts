import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../../functions/contract/columns.ts';
import type { Problem } from '../../functions/contract/errors.ts';
import { checkExpression } from '../../functions/core/check-expression.ts';
import type { Expression } from '../../functions/core/expression.ts';
import type { ExpressionScope } from '../../functions/core/expression-checker.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { parseExpressions } from '../../functions/io/parse-expressions.ts';

export const SUBMITTED_AT = '2026-11-22T01:02:03.456Z';

/** A session that may touch no file. */
export const inSession = async <T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
  const scratchDir = mkdtempSync(join(tmpdir(), 'daybreak-expressions-'));
  try {
    return await withDuckDB(
      { threads: 1, memoryBytes: 400_000_000, scratchDir, readablePaths: [], writableDirs: [] },
      use,
    );
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
};

export type Judged = {
  readonly text: string;
  readonly expression: Expression | undefined;
  readonly problems: readonly Problem[];
};

/** Parses and checks texts. */
export const judge = async (
  connection: DuckDBConnection,
  texts: readonly string[],
  scope: Omit<ExpressionScope, 'submittedAt'>,
): Promise<readonly Judged[]> => {
  const parsed = await parseExpressions(
    connection,
    texts.map((text, index) => ({ path: `steps[${index}]`, text, form: 'value' })),
  );
  return parsed.map(({ source, expression, problems }) => {
    if (expression === undefined) return { text: source.text, expression, problems };
    const checked = checkExpression(source, expression, { ...scope, submittedAt: SUBMITTED_AT });
    return {
      text: source.text,
      expression: checked.expression,
      problems: [...problems, ...checked.problems],
    };
  });
};

/** A column of each kind of type, named after it. */
export const TYPED_COLUMNS: readonly Column[] = [
  { name: 'tinyint', type: 'TINYINT' },
  { name: 'smallint', type: 'SMALLINT' },
  { name: 'int', type: 'INTEGER' },
  { name: 'bigint', type: 'BIGINT' },
  { name: 'hugeint', type: 'HUGEINT' },
  { name: 'ubigint', type: 'UBIGINT' },
  { name: 'float', type: 'FLOAT' },
  { name: 'double', type: 'DOUBLE' },
  { name: 'dec', type: 'DECIMAL(9,2)' },
  { name: 'bool', type: 'BOOLEAN' },
  { name: 'text', type: 'VARCHAR' },
  { name: 'blob', type: 'BLOB' },
  { name: 'bits', type: 'BIT' },
  { name: 'uuid', type: 'UUID' },
  { name: 'day', type: 'DATE' },
  { name: 'clock', type: 'TIME' },
  { name: 'clocktz', type: 'TIME WITH TIME ZONE' },
  { name: 'ts', type: 'TIMESTAMP' },
  { name: 'tstz', type: 'TIMESTAMP WITH TIME ZONE' },
  { name: 'span', type: 'INTERVAL' },
  { name: 'mood', type: "ENUM('low', 'high')" },
  { name: 'ints', type: 'INTEGER[]' },
  { name: 'bigints', type: 'BIGINT[]' },
  { name: 'bools', type: 'BOOLEAN[]' },
  { name: 'floats', type: 'FLOAT[]' },
  { name: 'texts', type: 'VARCHAR[]' },
  { name: 'lists', type: 'INTEGER[][]' },
  { name: 'floats3', type: 'FLOAT[3]' },
  { name: 'rec', type: 'STRUCT(a INTEGER, b STRUCT(c VARCHAR))' },
  { name: 'recs', type: 'STRUCT(a INTEGER)[]' },
  { name: 'dict', type: 'MAP(VARCHAR, INTEGER)' },
  { name: 'either', type: 'UNION(num INTEGER, str VARCHAR)' },
  { name: 'j', type: 'JSON' },
];
