import type { StepFigures } from '../../contract/model-history.ts';
import type { Plan } from '../../contract/plan.ts';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import { measureInfer } from '../../core/measure-infer.ts';
import { listSealedCommits } from '../../io/commit-attempt.ts';
import { digestOf } from '../../io/digest.ts';
import { putModelHistory } from '../../io/model-history.ts';
import type { ObjectStore } from '../../io/object-store.ts';
import { readSealed } from '../../io/seal-stage.ts';
import { digestOfStep, subjectOf } from './model-subject.ts';

type Remembered = { readonly subject: ReturnType<typeof subjectOf>; readonly figures: StepFigures };

/** Adds to the history of each model, engine and machine of a finished job what they did in it. */
export const rememberModels = async (
  store: ObjectStore,
  { plan, finishedAt }: { readonly plan: Plan; readonly finishedAt: string },
): Promise<void> => {
  const remembered: Remembered[] = [];
  for (const [index, stage] of plan.stages.entries()) {
    if (stage.opening?.kind === 'infer')
      remembered.push(...(await readStage(store, { plan, index, step: stage.opening })));
  }
  for (const own of Map.groupBy(remembered, ({ subject }) => digestOf(subject)).values()) {
    const [first] = own;
    if (first === undefined) continue;
    const { subject } = first;
    const steps = own.map(({ figures }) => figures);
    await putModelHistory(store, { job: plan.job, finishedAt, subject, steps });
  }
};

type StageToRead = { readonly plan: Plan; readonly index: number; readonly step: PlannedInferStep };

const readStage = async (
  store: ObjectStore,
  { plan, index, step }: StageToRead,
): Promise<readonly Remembered[]> => {
  const machines = measureInfer(await readCommits(store, plan, index));
  return machines.flatMap(({ machine, seconds, ...counts }): readonly Remembered[] => {
    // Below it a clock says nothing.
    if (seconds <= 0) return [];
    const figures: StepFigures = {
      step: digestOfStep(step),
      answer: step.answer.kind,
      ...(step.sampling === undefined ? {} : { maxTokens: step.sampling.max_tokens }),
      ...counts,
      seconds,
    };
    return [{ subject: subjectOf(step, machine), figures }];
  });
};

const readCommits = async (store: ObjectStore, { job, run, stageIds }: Plan, index: number) => {
  const stage = stageIds[index];
  const sealed = stage === undefined ? undefined : await readSealed(store, { job, run, stage });
  return sealed === undefined ? [] : listSealedCommits(store, sealed);
};
