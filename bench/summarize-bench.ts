import type { MeasuredProcess } from './measure-process.ts';

/** Issue 3: at most 1.3x in total, no question above 2x plus 0.3 s, a job over 1,000 rows in 0.6 s. */
export const GOALS = {
  totalRatio: 1.3,
  questionRatio: 2,
  questionSlackSeconds: 0.3,
  startUpSeconds: 0.6,
} as const;

type SideSummary = {
  /** The median over the runs. */
  readonly seconds: number;
  readonly allSeconds: readonly number[];
  readonly peakRssBytes: number | undefined;
};
export type Measurement = {
  readonly label: string;
  readonly daybreak: SideSummary;
  readonly plain: SideSummary;
  readonly ratio: number;
  readonly isWithinGoal: boolean;
};
export type Verdict = {
  readonly totalRatio: number;
  readonly above: readonly string[];
  readonly startUpSeconds: number;
  readonly sentences: readonly string[];
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]];
  if (low === undefined || high === undefined) throw new Error('a median needs at least one value');
  return (low + high) / 2;
};

const summarizeSide = (processes: readonly MeasuredProcess[]): SideSummary => {
  const peaks = processes.map(({ peakRssBytes }) => peakRssBytes).filter((peak) => peak !== undefined);
  return {
    seconds: median(processes.map(({ seconds }) => seconds)),
    allSeconds: processes.map(({ seconds }) => seconds),
    peakRssBytes: peaks.length === 0 ? undefined : median(peaks),
  };
};

/** The medians of one question's rounds, and whether Daybreak stays within the goal for a single question. */
export const summarize = (
  label: string,
  rounds: readonly { readonly daybreak: MeasuredProcess; readonly plain: MeasuredProcess }[],
): Measurement => {
  const daybreak = summarizeSide(rounds.map((round) => round.daybreak));
  const plain = summarizeSide(rounds.map((round) => round.plain));
  const limit = GOALS.questionRatio * plain.seconds + GOALS.questionSlackSeconds;
  return {
    label,
    daybreak,
    plain,
    ratio: daybreak.seconds / plain.seconds,
    isWithinGoal: daybreak.seconds <= limit,
  };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Holds the measurements against the goals of issue 3. */
export const judge = (measurements: readonly Measurement[], startUp: Measurement): Verdict => {
  const daybreak = sum(measurements.map((measurement) => measurement.daybreak.seconds));
  const plain = sum(measurements.map((measurement) => measurement.plain.seconds));
  const above = measurements.filter(({ isWithinGoal }) => !isWithinGoal).map(({ label }) => label);
  const totalRatio = daybreak / plain;
  const startUpSeconds = startUp.daybreak.seconds;
  const sentences = [
    `total: daybreak ${daybreak.toFixed(2)} s, plain ${plain.toFixed(2)} s, ratio ${totalRatio.toFixed(2)} (goal ${GOALS.totalRatio})`,
    `above ${GOALS.questionRatio}x + ${GOALS.questionSlackSeconds} s: ${above.length === 0 ? 'none' : above.join(', ')}`,
    `1,000 rows: ${startUpSeconds.toFixed(2)} s (goal ${GOALS.startUpSeconds} s)`,
  ];
  return { totalRatio, above, startUpSeconds, sentences };
};

const renderMegabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${Math.round(bytes / 1e6)} MB`;

const renderRow = ({ label, daybreak, plain, ratio, isWithinGoal }: Measurement): string =>
  [
    label.padEnd(32),
    `${daybreak.seconds.toFixed(2)} s`.padStart(9),
    `${plain.seconds.toFixed(2)} s`.padStart(9),
    `${ratio.toFixed(2)}x`.padStart(7),
    renderMegabytes(daybreak.peakRssBytes).padStart(9),
    renderMegabytes(plain.peakRssBytes).padStart(9),
    isWithinGoal ? '' : '  above the goal',
  ].join(' ');

/** A line per measurement: seconds and peak memory of both sides, with a head where there are several. */
export const renderTable = (measurements: readonly Measurement[]): string => {
  const names = ['daybreak', 'plain'].map((name) => name.padStart(9));
  const head = ['question'.padEnd(32), ...names, 'ratio'.padStart(7), ...names].join(' ');
  return [...(measurements.length > 1 ? [head] : []), ...measurements.map(renderRow)].join('\n');
};
