import type { TaskLine } from '../contract/execution.ts';
import { KEYS } from '../contract/keys.ts';
import type { Plan } from '../contract/plan.ts';
import type { StageAdvance } from './advance-stage.ts';
import { locateTasks, putTasks } from './put-tasks.ts';
import { readTasksKey } from './read-tasks.ts';
import type { StagePosition } from './seal.ts';
import type { StageContext } from './stage-context.ts';

/** Where the executions of a pass find their tasks; keys of objects that never change. */
export type PutPass = {
  readonly tasksKey: string;
  readonly itemsKey: string;
  readonly lines: readonly TaskLine[];
};

/**
 * Puts what the executions of a pass read: a line for each task with the place of it, and where the pass takes not the
 * whole first list, the tasks themselves. Under names that no other attempt uses.
 */
export const putPass = async (
  context: StageContext,
  plan: Plan,
  {
    position,
    pass,
  }: { readonly position: StagePosition; readonly pass: Extract<StageAdvance, { kind: 'pass' }> },
): Promise<PutPass> => {
  const { store } = context;
  const { index, ...stage } = position;
  const attempt = context.newAttempt();
  const whole = pass.isWhole ? await readTasksKey(store, plan, index) : undefined;
  const tasksKey = whole ?? KEYS.tasks.render({ ...stage, attempt });
  const lines = whole === undefined ? await putTasks(context, tasksKey, pass.tasks) : locateTasks(pass.tasks);
  const itemsKey = KEYS.items.render({ ...stage, attempt });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  await store.put(itemsKey, new TextEncoder().encode(text));
  return { tasksKey, itemsKey, lines };
};
