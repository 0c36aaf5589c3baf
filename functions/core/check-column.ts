import { foldColumnName } from '../contract/spec-values.ts';
import { INSTANT_WORDS } from '../contract/sql-functions.ts';
import { SESSION_WORDS, SQL_REFUSALS } from '../contract/sql-refusals.ts';
import type { ColumnNode, Expression } from './expression.ts';
import { type Checker, type Place, report, shorten } from './expression-checker.ts';
import { bindInstant } from './submission-instant.ts';
import { suggestName } from './suggest-name.ts';

/** Checks that a name is a column (or a lambda's parameter), and gives it the case it is declared with. */
export const checkColumn = (checker: Checker, node: ColumnNode, place: Place): Expression => {
  const [first, ...fields] = node.path;
  const name = foldColumnName(first);
  const parameter = place.parameters.get(name);
  if (parameter !== undefined) {
    // DuckDB prefers the parameter where the case is the same and no field follows, and else the column.
    if (!checker.columns.has(name) || (fields.length === 0 && first === parameter)) return node;
    return report(
      checker,
      `${first} is a column and the parameter of a lambda: give the parameter another name`,
      node,
    );
  }
  const column = checker.columns.get(name);
  if (column === undefined) return checkWord(checker, node, name);
  if (checker.scope.use === 'aggregate' && !place.isInAggregate && !checker.keys.has(name)) {
    return report(
      checker,
      `the column ${first} stands outside an aggregate: a group has many values of it`,
      node,
    );
  }
  if (fields.length > 0 && /^(?!(STRUCT|UNION)\().|\]$/.test(column.type)) {
    return report(
      checker,
      `the column ${first} is of type ${shorten(column.type)}, which has no fields`,
      node,
    );
  }
  return { ...node, path: [column.name, ...fields] };
};

/** A name that is no column: a word for the clock or the session, a table before the dot, or a slip. */
const checkWord = (checker: Checker, node: ColumnNode, name: string): Expression => {
  const [first, ...fields] = node.path;
  const instant = INSTANT_WORDS.get(name);
  if (instant !== undefined && fields.length === 0) return bindInstant(checker.scope.submittedAt, instant);
  const refusal = SESSION_WORDS.has(name) ? SQL_REFUSALS.get(name) : undefined;
  if (refusal !== undefined)
    return report(checker, `${first} is refused: ${refusal.reason}; ${refusal.advice}`, node);
  const last = fields.at(-1);
  if (last !== undefined && checker.columns.has(foldColumnName(last))) {
    return report(
      checker,
      `${node.path.join('.')} names a table, and there is none here: write ${last}`,
      node,
    );
  }
  const known = [...checker.columns.values()].map((column) => column.name);
  const list =
    known.length <= 12
      ? `the columns here are ${known.join(', ')}`
      : `there are ${known.length} columns here`;
  return report(checker, `there is no column ${shorten(first)}; ${list}`, node, suggestName(first, known));
};
