import type { Problem } from './errors.ts';
import type { JobSpec } from './spec.ts';
import type { Step, StepName } from './steps.ts';

/** Words that the design keeps for later: a spec that has one is answered with "planned", not "unknown". */
export const PLANNED_STEPS: readonly string[] = ['chunk', 'index', 'retrieve', 'evaluate', 'join', 'union'];
/** Fields kept for later, by their place. */
export const PLANNED_FIELDS: readonly string[] = ['output.partition_by'];
/** Values kept for later, by the place of the field. */
export const PLANNED_VALUES: Readonly<Record<string, readonly string[]>> = { 'output.mode': ['append'] };

type Place = { readonly path: string; readonly what: string };

const placesOfStep = (
  spec: JobSpec,
  name: StepName,
  what: string,
  uses: (step: Step) => boolean = () => true,
): Place[] =>
  spec.steps.flatMap((step, index) =>
    name in step && uses(step) ? [{ path: `steps[${index}].${name}`, what }] : [],
  );

/**
 * What a spec may say and this version does not do yet. A row is deleted when its feature arrives;
 * `places` gives every use in a spec.
 */
const MISSING_FEATURES: readonly { readonly feature: string; readonly places: (spec: JobSpec) => Place[] }[] =
  [
    { feature: 'infer', places: (spec) => placesOfStep(spec, 'infer', 'the step infer') },
    {
      feature: 'arrow output',
      places: (spec) =>
        spec.output.format === 'arrow' ? [{ path: 'output.format', what: 'the output format arrow' }] : [],
    },
    {
      feature: 'on_deadline',
      places: (spec) =>
        spec.on_deadline === 'alert'
          ? []
          : [{ path: 'on_deadline', what: `on_deadline: ${spec.on_deadline}` }],
    },
    {
      feature: 'budget',
      places: (spec) => (spec.budget === undefined ? [] : [{ path: 'budget', what: 'a budget' }]),
    },
  ];

/** Every use of a feature that this version does not have yet; empty where the job can run. */
export const findMissingFeatures = (spec: JobSpec): readonly Problem[] =>
  MISSING_FEATURES.flatMap(({ places }) => places(spec)).map(({ path, what }) => ({
    path,
    message: `${what} is not there yet in this version`,
  }));

/** The names of the features that are missing, for documents and tests. */
export const MISSING_FEATURE_NAMES: readonly string[] = MISSING_FEATURES.map(({ feature }) => feature);
