import type { NextState } from '../contract/execution.ts';
import type { StageKind } from '../contract/stages.ts';

/** The state that runs the tasks of a pass: a Map, or where there is one task that alone. */
export const chooseState = (pass: {
  readonly kind: StageKind;
  readonly hasModules: boolean;
  readonly tasks: number;
}): NextState => {
  const base = pass.hasModules ? 'modules' : pass.kind;
  if (base === 'infer') throw new Error('a stage of inference has no state in this version');
  return pass.tasks === 1 ? `${base}-one` : base;
};
