import type { PlannedStep } from '../contract/planned-steps.ts';
import type { StageKind } from '../contract/stages.ts';

/** Steps between two moves of rows: the second half of one, whole steps, the first half of the next. */
export type StageCut = {
  /** Of `infer` the stage is the model's alone: its opening and its moving step are the same. */
  readonly kind: StageKind;
  readonly opening: PlannedStep | undefined;
  readonly steps: readonly PlannedStep[];
  readonly moving: PlannedStep | undefined;
};

/** The steps after which equal rows must be in one place. */
const MEETING: ReadonlySet<PlannedStep['kind']> = new Set([
  'group_by',
  'map_groups',
  'distinct',
  'sort',
  'repartition',
]);

/** Whether the rows behind a step are in other places than before it. */
const moves = ({ kind }: PlannedStep): boolean => kind === 'infer' || MEETING.has(kind);

/** Whether steps that are no half of one have to see all rows at once: then no two tasks may share them. */
export const needAllRows = (steps: readonly PlannedStep[]): boolean =>
  steps.some(({ kind }) => MEETING.has(kind));

const isInfer = ({ kind }: PlannedStep): boolean => kind === 'infer';

/** Cuts the steps of a job at each one that moves rows; the others stay in the stage around them. */
export const cutStages = (steps: readonly PlannedStep[]): readonly StageCut[] => cutAt(steps, moves);

/** Where one task does it all: only a model runs elsewhere. */
export const cutAtModels = (steps: readonly PlannedStep[]): readonly StageCut[] => cutAt(steps, isInfer);

const cutAt = (steps: readonly PlannedStep[], isCut: (step: PlannedStep) => boolean): readonly StageCut[] => {
  const cuts: StageCut[] = [];
  let opening: PlannedStep | undefined;
  let whole: PlannedStep[] = [];
  const kindOf = (): StageKind => (cuts.length === 0 ? 'map' : 'reduce');
  for (const step of steps) {
    if (!isCut(step)) {
      whole.push(step);
      continue;
    }
    cuts.push({ kind: kindOf(), opening, steps: whole, moving: step });
    if (isInfer(step)) cuts.push({ kind: 'infer', opening: step, steps: [], moving: step });
    opening = step;
    whole = [];
  }
  return [...cuts, { kind: kindOf(), opening, steps: whole, moving: undefined }];
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

/**
 * Whether a stage only passes the answers of a model on to the output: each of its tasks writes a file, and any number
 * may.
 */
export const isClosing = ({ opening, steps, moving }: Omit<StageCut, 'kind'>): boolean =>
  opening?.kind === 'infer' && moving === undefined && !steps.some(moves);
