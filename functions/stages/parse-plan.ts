import { StateError } from '../contract/errors-store.ts';
import { KEYS } from '../contract/keys.ts';
import { Plan } from '../contract/plan.ts';
import type { PlanHeader } from '../contract/plan-header.ts';

/** The whole plan behind a header. Fails with StateError where another version wrote it in another shape. */
export const parsePlan = (header: PlanHeader): Plan => {
  const parsed = Plan.safeParse(header);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new StateError({ key: KEYS.plan.render(header), problem }, { cause: parsed.error });
};
