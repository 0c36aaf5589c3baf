import type { HistoryEntry } from '../contract/history.ts';
import type { Expectation, PlannedStage } from '../contract/plan.ts';
import { medianOf } from './median.ts';

/** Finished jobs of the same shape, newest last. */
export type History = readonly Pick<HistoryEntry, 'stages'>[];

/**
 * Bytes a second that a plan assumes where there is no history: the slower of what two cores did over the
 * group-by questions of the db-benchmark (`npm run bench`), so that a promise errs on the late side.
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

export type StagesToExpect = {
  readonly kinds: readonly PlannedStage['kind'][];
  readonly mapTasks: number;
  readonly inputFormat: string;
  readonly inputBytes: number;
  readonly history: History;
};

/**
 * What each stage is expected to take and to read: the median of the finished jobs that had the same stages, for each
 * byte of the input. Where there is none the first stage has an assumed speed of the whole job, and of the others
 * nothing is known: undefined.
 */
export const expectStages = (job: StagesToExpect): readonly (Expectation | undefined)[] => {
  const { kinds, inputBytes } = job;
  const alike = findAlike(job);
  if (alike.length === 0) return kinds.map((_, stage) => (stage === 0 ? assume(job) : undefined));
  const jobs = alike.length === 1 ? 'one finished job' : `${alike.length} finished jobs`;
  const because = `the median of ${jobs} of this shape`;
  return kinds.map((_, stage) => {
    const fixed = stage === 0 ? FIXED_SECONDS : 0;
    const perByte = (factOf: (of: HistoryEntry['stages'][number]) => number): number =>
      medianOf(
        alike.map(({ stages }) => {
          const of = stages[stage];
          return of === undefined ? 0 : factOf(of) / Math.max(stages[0]?.inputBytes ?? 0, 1);
        }),
      );
    const seconds = fixed + perByte((of) => Math.max(of.seconds - fixed, 0)) * inputBytes;
    const read = Math.round(perByte((of) => of.inputBytes) * inputBytes);
    return { seconds, basis: 'history', because, ...(stage === 0 ? {} : { inputBytes: read }) };
  });
};

/** Of jobs with the same stages those that were cut as finely, where there are any. */
const findAlike = ({ kinds, mapTasks, history }: StagesToExpect): History => {
  const same = history.filter(
    ({ stages }) =>
      stages.length === kinds.length && stages.every(({ kind }, stage) => kind === kinds[stage]),
  );
  const asFine = same.filter(({ stages }) => stages[0]?.tasks === mapTasks);
  return asFine.length > 0 ? asFine : same;
};

const assume = ({ inputFormat, inputBytes, kinds }: StagesToExpect): Expectation => {
  const speed = ASSUMED_BYTES_PER_SECOND[inputFormat] ?? FALLBACK_BYTES_PER_SECOND;
  const together = kinds.includes('infer') ? ' for all stages without a model' : ' for all stages together';
  const whole = kinds.length === 1 ? '' : together;
  return {
    seconds: FIXED_SECONDS + inputBytes / speed,
    basis: 'assumed',
    because: `assumed ${Math.round(speed / 1e6)} MB/s of ${inputFormat}${whole}: no job of this shape has finished yet`,
  };
};
