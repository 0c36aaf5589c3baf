import type { PlannedStage } from '../contract/plan.ts';
import { isModuleStep } from './run-modules.ts';

/** A function that has not answered by its timeout is a reject; beyond that its whole worker does not answer. */
const HANG_MARGIN_SECONDS = 10;

/** How long a worker may be silent over a task with functions of users; undefined where the stage has none. */
export const hangSecondsOf = ({
  opening,
  steps,
}: Pick<PlannedStage, 'opening' | 'steps'>): number | undefined => {
  const modules = [...(opening === undefined ? [] : [opening]), ...steps].filter(isModuleStep);
  if (modules.length === 0) return undefined;
  return Math.max(...modules.map(({ timeoutSeconds }) => timeoutSeconds)) + HANG_MARGIN_SECONDS;
};
