import { GlobalAggregateError } from '../contract/errors-group.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';

/**
 * For plans of many tasks: fails with GlobalAggregateError at a group_by without keys whose rows would all be shuffled
 * to one task. Equal rows that fold before the shuffle are let through: `count(DISTINCT x)` of a whole input.
 */
export const refuseGlobalRows = (steps: readonly PlannedStep[]): void => {
  for (const step of steps) {
    if (step.kind !== 'group_by' || step.keys.length > 0) continue;
    const { decomposition } = step;
    if (decomposition.mode === 'rows' && !decomposition.foldsEqualRows)
      throw new GlobalAggregateError({ step: step.step, aggregate: decomposition.reason });
  }
};
