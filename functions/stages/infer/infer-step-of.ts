import type { PlannedStage } from '../../contract/plan.ts';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';

/** The step of a stage `infer`. */
export const inferStepOf = ({ opening }: Pick<PlannedStage, 'opening'>): PlannedInferStep => {
  if (opening?.kind === 'infer') return opening;
  throw new Error('a stage infer opens with the step that it runs');
};
