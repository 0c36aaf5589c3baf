import type { ModelSubject } from '../../contract/model-history.ts';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import { digestOf } from '../../io/digest.ts';

/** What the speed of a step depends on, beside its prompts. */
export const subjectOf = (
  { model, engine }: Pick<PlannedInferStep, 'model' | 'engine'>,
  machine: string,
): ModelSubject => ({ model: model.revision ?? model.name, engine, machine });

/** What the length of its answers depends on, beside the model and the rows. */
export const digestOfStep = (step: PlannedInferStep): string => {
  const { task, prompts, sampling, answer, adapter, truncate } = step;
  return digestOf({ task, prompts, sampling, answer, adapter: adapter?.name, truncate });
};
