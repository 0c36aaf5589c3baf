import { GlobalAggregateError } from '../contract/errors-group.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';

/**
 * For plans of many tasks: fails with GlobalAggregateError at a group_by without keys whose rows would all be shuffled
 * to one task. Equal rows that fold before the shuffle are let through: `count(DISTINCT x)` of a whole input.
 */
export const refuseGlobalRows = (steps: readonly PlannedStep[]): void => {
  const [found] = findGlobalRows(steps);
  if (found !== undefined) throw new GlobalAggregateError(found);
};

/** The steps that {@link refuseGlobalRows} refuses. */
export const findGlobalRows = (
  steps: readonly PlannedStep[],
): readonly { readonly step: number; readonly aggregate: string }[] =>
  steps.flatMap((step) => {
    if (step.kind !== 'group_by' || step.keys.length > 0) return [];
    const { decomposition } = step;
    return decomposition.mode === 'rows' && !decomposition.foldsEqualRows
      ? [{ step: step.step, aggregate: decomposition.reason }]
      : [];
  });
