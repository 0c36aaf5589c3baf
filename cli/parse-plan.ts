import { StateError } from '../functions/contract/errors-store.ts';
import { KEYS } from '../functions/contract/keys.ts';
import { Plan } from '../functions/contract/plan.ts';
import type { PlanHeader } from '../functions/contract/plan-header.ts';

/** The whole plan behind a header. Fails with StateError where another version wrote it in another shape. */
export const parsePlan = (header: PlanHeader): Plan => {
  const parsed = Plan.safeParse(header);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new StateError({ key: KEYS.plan.render(header), problem }, { cause: parsed.error });
};
