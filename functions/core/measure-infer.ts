import type { Commit } from '../contract/commit.ts';
import { longestStart } from './longest-start.ts';
import { medianOf } from './median.ts';
import { sumOfKnown } from './sum-of-known.ts';

/** What the commits of a stage with a model show of one machine. */
export type MeasuredMachine = {
  readonly machine: string;
  readonly rows: number;
  /** Of the requests of these rows; 0 where a commit does not say. */
  readonly characters: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly seconds: number;
  /** Of an engine of one worker, before its first row; absent where no commit says so. */
  readonly startSeconds?: number;
};

type Measured = Pick<Commit, 'worker' | 'endedAt' | 'infer'>;
type Span = readonly [fromMs: number, toMs: number];

const spanOf = ({ endedAt, infer }: Measured): Span => {
  const to = Date.parse(endedAt);
  return [to - (infer?.seconds ?? 0) * 1000, to];
};

/** Seconds that at least one span covers: a worker has two tasks open, and both have the same engine. */
const coveredSeconds = (spans: readonly Span[]): number => {
  const sorted = [...spans].sort(([left], [right]) => left - right);
  let covered = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const [from, to] of sorted) {
    covered += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return covered / 1000;
};

const measure = (machine: string, commits: readonly Measured[]): MeasuredMachine => {
  const figures = commits.flatMap(({ infer }) => infer ?? []);
  const workers = Map.groupBy(commits, ({ worker }) => worker);
  const starts = [...workers.values()].flatMap((own) => longestStart(own) ?? []);
  return {
    machine,
    rows: figures.reduce((sum, { rows }) => sum + rows, 0),
    characters: sumOfKnown(figures.map((each) => each.characters)) ?? 0,
    promptTokens: figures.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
    outputTokens: figures.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    seconds: [...workers.values()].reduce((sum, own) => sum + coveredSeconds(own.map(spanOf)), 0),
    ...(starts.length === 0 ? {} : { startSeconds: medianOf(starts) }),
  };
};

/** Adds up what tasks measured, machine by machine: `seconds` are those in which a worker's engine had rows. */
export const measureInfer = (commits: readonly Measured[]): readonly MeasuredMachine[] => {
  const measured = commits.filter(({ infer }) => infer !== undefined && infer.rows > 0);
  const machines = Map.groupBy(measured, ({ infer }) => infer?.machine ?? '');
  return [...machines].map(([machine, own]) => measure(machine, own));
};
