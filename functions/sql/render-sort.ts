import type { PlannedStepOf } from '../contract/planned-steps.ts';
import { quoteIdentifier } from './quote.ts';
import { renderNames, unusedName } from './render-names.ts';
import { addTally, type Compiler } from './tally.ts';

/** The rows of a sort up to its limit, with a witness of those that enter. Whole, and each half of it. */
export const renderSort = (compiler: Compiler, step: PlannedStepOf<'sort'>, from: string): string => {
  const entered = addTally(compiler, { step: step.step, term: 'entered', keeps: 1, limit: step.limit });
  const marker = quoteIdentifier(unusedName('entered', step.columns));
  const keys = step.by.map(({ sql, direction, nulls }) => `${sql} ${direction} NULLS ${nulls}`);
  const ties = step.columns.map(({ name }) => `${quoteIdentifier(name)} ASC NULLS LAST`);
  // The marker leads the order: a constant there costs little, and keeps DuckDB from pushing the sort's moving
  // bound down into the reader (`PushdownDynamicFilters` in its topn_optimizer.cpp), past the witness.
  const order = [`${marker} ASC`, ...keys, ...ties].join(', ');
  return `SELECT ${renderNames(step.columns)} FROM (SELECT *, ${entered}() AS ${marker} FROM ${from}) ORDER BY ${order} LIMIT ${step.limit}`;
};
