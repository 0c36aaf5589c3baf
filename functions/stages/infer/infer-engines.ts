import type { InferEstimate, PlannedInferStep } from '../../contract/planned-infer.ts';
import type { EngineFacts, FindEngineFacts } from '../../io/models/engine-facts.ts';
import type { RequestSample } from './sample-requests.ts';

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
  /** Rows that are rendered before the job begins; default: enough to tell the length of prompts. */
  readonly sampleRows?: number;
};
