import type { Column } from '../contract/columns.ts';
import type { BlockFormat } from '../contract/ids.ts';
import type { PlannedStage } from '../contract/plan.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';

/** Seconds per gigabyte of input of finished jobs of the same shape, newest last. */
export type History = readonly { readonly inputBytes: number; readonly seconds: number }[];

/**
 * Bytes a second that a plan assumes where there is no history: the slower of what two cores did over the
 * group-by questions of the db-benchmark (docs/measurements.md), so that a promise errs on the late side.
 */
const ASSUMED_BYTES_PER_SECOND: Readonly<Record<string, number>> = {
  csv: 120e6,
  jsonl: 60e6,
  parquet: 80e6,
  text: 150e6,
};
const FALLBACK_BYTES_PER_SECOND = 60e6;

/** What a job of no bytes takes: opening the engine, the commits, the rename. */
const FIXED_SECONDS = 0.2;

/**
 * Cuts the steps of a job into stages. An all-SQL job is one stage of one task: DuckDB streams and spills, so
 * nothing needs to move between tasks.
 */
export const planStages = (options: {
  readonly steps: readonly PlannedStep[];
  readonly inputColumns: readonly Column[];
  readonly inputFormat: string;
  readonly inputBytes: number;
  readonly outputFormat: BlockFormat;
  readonly history: History;
}): readonly PlannedStage[] => [
  {
    kind: 'map',
    tasks: 1,
    steps: [...options.steps],
    columns: [...(options.steps.at(-1)?.columns ?? options.inputColumns)],
    format: options.outputFormat,
    inputBytes: options.inputBytes,
    expected: expectSeconds(options),
  },
];

const expectSeconds = (options: {
  readonly inputFormat: string;
  readonly inputBytes: number;
  readonly history: History;
}): PlannedStage['expected'] => {
  const { history, inputBytes, inputFormat } = options;
  if (history.length > 0) {
    const rates = history.map(
      (job) => Math.max(job.seconds - FIXED_SECONDS, 0) / Math.max(job.inputBytes, 1),
    );
    const seconds = FIXED_SECONDS + median(rates) * inputBytes;
    const jobs = history.length === 1 ? 'one finished job' : `${history.length} finished jobs`;
    return { seconds, basis: 'history', because: `the median of ${jobs} of this shape` };
  }
  const speed = ASSUMED_BYTES_PER_SECOND[inputFormat] ?? FALLBACK_BYTES_PER_SECOND;
  return {
    seconds: FIXED_SECONDS + inputBytes / speed,
    basis: 'assumed',
    because: `assumed ${Math.round(speed / 1e6)} MB/s of ${inputFormat}: no job of this shape has finished yet`,
  };
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
};
