import type { PlannedStep } from '../contract/planned-steps.ts';

/** Steps between two moves of rows: the second half of one, whole steps, the first half of the next. */
export type StageCut = {
  readonly opening: PlannedStep | undefined;
  readonly steps: readonly PlannedStep[];
  readonly moving: PlannedStep | undefined;
};

/** The steps after which equal rows must be in one place. */
const MOVING: ReadonlySet<PlannedStep['kind']> = new Set([
  'group_by',
  'map_groups',
  'distinct',
  'sort',
  'repartition',
]);

/** Cuts the steps of a job at each one that moves rows; the others stay in the stage around them. */
export const cutStages = (steps: readonly PlannedStep[]): readonly StageCut[] => {
  const cuts: StageCut[] = [];
  let opening: PlannedStep | undefined;
  let whole: PlannedStep[] = [];
  for (const step of steps) {
    if (!MOVING.has(step.kind)) {
      whole.push(step);
      continue;
    }
    cuts.push({ opening, steps: whole, moving: step });
    opening = step;
    whole = [];
  }
  return [...cuts, { opening, steps: whole, moving: undefined }];
};

/** The columns whose equal values must meet; none where all rows go to one place, or are dealt out. */
export const partitionColumns = (step: PlannedStep): readonly string[] => {
  switch (step.kind) {
    case 'group_by':
      return step.keys;
    case 'map_groups':
      return step.keys.map(({ name }) => name);
    case 'distinct':
      return step.columns.map(({ name }) => name);
    case 'repartition':
      return step.by;
    default:
      return [];
  }
};

/** Whether each partition is a task of its own: the user has said how many there are. */
export const isDealt = (step: PlannedStep): boolean =>
  step.kind === 'repartition' && step.partitions !== undefined;

/** Into how many partitions a step's rows go, where up to `most` are wanted. */
export const countPartitions = (step: PlannedStep, most: number): number => {
  if (step.kind === 'repartition' && step.partitions !== undefined) return step.partitions;
  return partitionColumns(step).length === 0 ? 1 : most;
};
