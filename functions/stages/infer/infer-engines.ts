import type { InferEstimate, InferRequest, PlannedInferStep } from '../../contract/planned-infer.ts';
import type { EngineFacts, FindEngineFacts } from '../../io/models/engine-facts.ts';

/** Requests of some of the rows, as the templates render them. */
export type RequestSample = {
  readonly requests: readonly InferRequest[];
  /** Of all of them as JSON text: what `commit.weights` counts. */
  readonly characters: number;
};

/** How steps `infer` run where this process is. */
export type InferEngines = {
  readonly find: FindEngineFacts;
  /** What the step is expected to take, from history or from assumptions that it names. */
  readonly estimate: (question: {
    readonly step: PlannedInferStep;
    readonly facts: EngineFacts;
    /** Undefined where rows cannot be looked at before the stages before have run. */
    readonly sample: RequestSample | undefined;
  }) => Promise<InferEstimate>;
};
