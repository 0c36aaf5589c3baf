import type { InferEstimate, InferRequest, PlannedInferStep } from '../../contract/planned-infer.ts';
import { type CountedSample, estimateInfer } from '../../core/estimate-infer.ts';
import { readModelHistory } from '../../io/model-history.ts';
import type { EngineFacts } from '../../io/models/engine-facts.ts';
import type { ObjectStore } from '../../io/object-store.ts';
import { digestOfStep, subjectOf } from './model-subject.ts';

type Question = {
  readonly step: PlannedInferStep;
  readonly facts: Pick<EngineFacts, 'countTokens' | 'machine'>;
  /** Requests of some rows; `characters` of all of them as JSON text, as commits weigh them. */
  readonly sample: { readonly requests: readonly InferRequest[]; readonly characters: number } | undefined;
};

/** What a step is expected to take, by the jobs that this store remembers. */
export const estimateStep = async (
  store: ObjectStore,
  { step, facts, sample }: Question,
): Promise<InferEstimate> =>
  estimateInfer({
    step,
    digest: digestOfStep(step),
    counted: await countSample(facts, sample),
    history: await readModelHistory(store, subjectOf(step, facts.machine)),
  });

const countSample = async (
  { countTokens }: Question['facts'],
  sample: Question['sample'],
): Promise<CountedSample | undefined> => {
  if (sample === undefined || sample.requests.length === 0 || countTokens === undefined) return undefined;
  const { tokens } = await countTokens(sample.requests);
  return { tokens: tokens.reduce((sum, each) => sum + each, 0), characters: sample.characters };
};
