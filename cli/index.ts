/** The public face of the package: what `import { … } from 'daybreak'` gives. */

export {
  type Columns,
  defineFlatMap,
  defineInit,
  defineMap,
  defineMapBatches,
  defineMapGroups,
  type Group,
  type ModuleCall,
  type ReturnedColumns,
} from '../functions/contract/define-module.ts';
export { ExpressionError, type Problem, renderProblem, SpecError } from '../functions/contract/errors.ts';
export { EXIT_CODES, FAILURES, type FailureName } from '../functions/contract/failures.ts';
export { JobSpec, type JobSpecInput } from '../functions/contract/spec.ts';
export { findMissingFeatures } from '../functions/contract/spec-features.ts';
export type { Step, StepName } from '../functions/contract/steps.ts';
export {
  type ExpressionInput,
  type FinishedJob,
  type JobSettings,
  type JobStart,
  type JobSteps,
  job,
  type ReadOptions,
  type WriteOptions,
} from '../functions/core/job-builder.ts';
export type { SpecOverride } from '../functions/io/spec/override-spec.ts';
export { type ParseSpecOptions, parseSpec, parseSpecBytes } from '../functions/io/spec/parse-spec.ts';
