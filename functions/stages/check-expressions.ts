import type { DuckDBConnection } from '@duckdb/node-api';
import type { Problem } from '../contract/errors.ts';
import type { Step } from '../contract/steps.ts';
import { checkExpression } from '../core/check-expression.ts';
import { columnsOf } from '../core/columns-of.ts';
import { parseExpressions } from '../io/parse-expressions.ts';
import { sourcesOf } from './bind-steps.ts';

/** A column of which nothing is known: it may have fields. */
const UNKNOWN_TYPE = 'STRUCT("?" INTEGER)';

/**
 * All that is wrong with the expressions of a spec whatever the input is: syntax, functions that are not allowed,
 * clauses, aggregates in the wrong place. Columns and types are judged where the input is known.
 */
export const checkExpressions = async (
  connection: DuckDBConnection,
  { steps, submittedAt }: { readonly steps: readonly Step[]; readonly submittedAt: string },
): Promise<readonly Problem[]> => {
  const sources = steps.flatMap(sourcesOf);
  const parsed = await parseExpressions(connection, sources);
  return parsed.flatMap(({ source, expression, problems }) => {
    if (expression === undefined || problems.length > 0) return problems;
    const names = [...columnsOf(expression)];
    const isAggregate = source.path.includes('.aggregates');
    return checkExpression(source, expression, {
      columns: names.map((name) => ({ name, type: UNKNOWN_TYPE })),
      use: isAggregate ? 'aggregate' : 'scalar',
      ...(isAggregate ? { keys: names } : {}),
      submittedAt,
    }).problems;
  });
};
