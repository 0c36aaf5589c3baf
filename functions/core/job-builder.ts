import type * as z from 'zod';
import { SpecError } from '../contract/errors.ts';
import type { InferStep } from '../contract/infer-step.ts';
import type { InputSpec } from '../contract/input.ts';
import type { JobSpec, JobSpecInput, OutputSpec } from '../contract/spec.ts';
import type { UserModule } from '../contract/spec-values.ts';
import type { RepartitionStep, SortStep } from '../contract/steps.ts';
import { checkSpec } from './check-spec.ts';
import { renderSpecPath } from './spec-path.ts';

/** SQL text; a number or a boolean stands for itself. */
export type ExpressionInput = string | number | boolean;
type Expressions = Readonly<Record<string, ExpressionInput>>;
type NamesOf<Row> = Extract<keyof Row, string>;
type ModuleInput = z.input<typeof UserModule>;

/** What a job has beside its input, steps and output, under the names of the spec. */
export type JobSettings = Omit<JobSpecInput, 'name' | 'input' | 'steps' | 'output'>;
export type ReadOptions = Omit<z.input<typeof InputSpec>, 'uri'>;
export type WriteOptions = Omit<z.input<typeof OutputSpec>, 'uri'>;

export type JobStart = {
  readonly read: (uri: string | readonly string[], options?: ReadOptions) => JobSteps;
};

/**
 * A job under construction; each method returns a new one. `Column` holds the names of the columns as
 * soon as they are known: any text after `read`, exactly those of a `select` after it.
 */
export type JobSteps<Column extends string = string> = {
  readonly filter: (expression: ExpressionInput) => JobSteps<Column>;
  readonly select: <const Row extends Expressions>(columns: Row) => JobSteps<NamesOf<Row>>;
  readonly extend: <const Row extends Expressions>(columns: Row) => JobSteps<Column | NamesOf<Row>>;
  readonly map: <const Module extends ModuleInput>(module: Module) => JobSteps<NamesOf<Module['output']>>;
  readonly flatMap: <const Module extends ModuleInput>(module: Module) => JobSteps<NamesOf<Module['output']>>;
  readonly mapBatches: <const Module extends ModuleInput>(
    module: Module,
  ) => JobSteps<NamesOf<Module['output']>>;
  readonly unnest: (column: Column) => JobSteps<Column>;
  readonly repartition: (how: z.input<typeof RepartitionStep>) => JobSteps<Column>;
  readonly groupBy: <const Key extends Column, const Row extends Expressions>(
    keys: readonly Key[],
    aggregates: Row,
  ) => JobSteps<Key | NamesOf<Row>>;
  readonly mapGroups: <const Module extends ModuleInput>(
    keys: readonly Column[],
    module: Module,
  ) => JobSteps<NamesOf<Module['output']>>;
  /** All columns are compared, or those named, and then only they are kept. */
  readonly distinct: <const Key extends Column = Column>(columns?: readonly Key[]) => JobSteps<Key>;
  readonly sort: (order: z.input<typeof SortStep>) => JobSteps<Column>;
  readonly infer: <const Output extends string>(
    step: z.input<typeof InferStep> & { readonly output: Output },
  ) => JobSteps<Column | Output | `${Output}_info`>;
  readonly write: (uri: string, options?: WriteOptions) => FinishedJob;
};

export type FinishedJob = {
  /**
   * The spec, equal to the one that the same job in YAML gives.
   * @throws SpecError with every problem.
   */
  readonly toSpec: () => JobSpec;
};

const expressionTexts = (columns: Expressions): Record<string, string> =>
  Object.fromEntries(Object.entries(columns).map(([name, expression]) => [name, String(expression)]));

const finish = (value: unknown): JobSpec => {
  const checked = checkSpec(value);
  if ('spec' in checked) return checked.spec;
  throw new SpecError(
    checked.problems.map(({ path, message, suggestion }) => ({
      path: renderSpecPath(path),
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    })),
  );
};

type Draft = JobSettings & Pick<JobSpecInput, 'name' | 'input'> & { readonly steps: readonly unknown[] };

const stepsOf = (draft: Draft): JobSteps => {
  const add = (step: Readonly<Record<string, unknown>>) =>
    stepsOf({ ...draft, steps: [...draft.steps, step] });
  const steps: JobSteps = {
    filter: (expression) => add({ filter: String(expression) }),
    select: (columns) => add({ select: expressionTexts(columns) }),
    extend: (columns) => add({ extend: expressionTexts(columns) }),
    map: (module) => add({ map: module }),
    flatMap: (module) => add({ flat_map: module }),
    mapBatches: (module) => add({ map_batches: module }),
    unnest: (column) => add({ unnest: column }),
    repartition: (how) => add({ repartition: how }),
    groupBy: (keys, aggregates) => add({ group_by: { keys, aggregates: expressionTexts(aggregates) } }),
    mapGroups: (keys, module) => add({ group_by: { keys, map_groups: module } }),
    distinct: (columns) => add({ distinct: columns ?? true }),
    sort: (order) => add({ sort: order }),
    infer: (step) => add({ infer: step }),
    write: (uri, options = {}) => ({ toSpec: () => finish({ ...draft, output: { ...options, uri } }) }),
  };
  return steps;
};

/**
 * Begins a job in TypeScript: `job('top-teams').read('data/*.csv').groupBy(['team'], { n: 'count(*)' }).write('out/').toSpec()`.
 * The words are those of the spec; docs/spec.md explains them.
 */
export const job = (name: string, settings: JobSettings = {}): JobStart => ({
  read: (uri, options = {}) => {
    const uris = typeof uri === 'string' ? uri : [...uri];
    return stepsOf({ ...settings, name, input: { ...options, uri: uris }, steps: [] });
  },
});
