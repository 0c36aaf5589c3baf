import type { TraceEvent, TraceEventOf } from '../../functions/contract/trace.ts';
import { nameWorkers } from './name-workers.ts';
import type { TaskFacts } from './report-page.ts';

/** The events of the newest run. */
export type RunTrace = {
  readonly submitted: TraceEventOf<'submitted'>;
  readonly opened: TraceEventOf<'opened'>;
  readonly listed: readonly TraceEventOf<'listed'>[];
  readonly amended: readonly TraceEventOf<'amended'>[];
  readonly committed: readonly TraceEventOf<'committed'>[];
  readonly sealed: readonly TraceEventOf<'sealed'>[];
  readonly ended: TraceEventOf<'ended'> | undefined;
};

/** Picks the newest run out of a trace; undefined where none was opened. */
export const readRunTrace = (events: readonly TraceEvent[]): RunTrace | undefined => {
  const submitted = events.find((event) => event.event === 'submitted');
  const opened = events.findLast((event) => event.event === 'opened');
  if (submitted === undefined || opened === undefined) return undefined;
  const { run } = opened;
  return {
    submitted,
    opened,
    listed: pick(events, 'listed', run),
    amended: pick(events, 'amended', run),
    committed: pick(events, 'committed', run),
    sealed: pick(events, 'sealed', run),
    ended: pick(events, 'ended', run)[0],
  };
};

const pick = <Kind extends Exclude<TraceEvent['event'], 'submitted'>>(
  events: readonly TraceEvent[],
  kind: Kind,
  run: string,
): readonly TraceEventOf<Kind>[] =>
  events.filter(
    (event): event is TraceEventOf<Kind> => event.event === kind && 'run' in event && event.run === run,
  );

/**
 * The tasks that this run itself did, in the order of their start. Those adopted from an earlier run are left out:
 * they took none of this run's time.
 */
export const readTasks = (trace: RunTrace, originAt: string): readonly TaskFacts[] => {
  const origin = Date.parse(originAt);
  const stageIndex = new Map(trace.opened.stages.map(({ stage }, index) => [stage, index]));
  const weights = new Map(
    [...trace.listed, ...trace.amended].flatMap(({ stage, weights }) =>
      weights.map(([task, bytes]) => [`${stage}/${task}`, bytes] as const),
    ),
  );
  const voided = new Set(
    trace.amended.flatMap((event) => event.void.map((task) => `${event.stage}/${task}`)),
  );
  const names = nameWorkers(trace.committed.flatMap(({ worker }) => worker ?? []));
  return trace.committed
    .filter(({ run, blockRun }) => run === blockRun)
    .map((commit) => ({
      stage: stageIndex.get(commit.stage) ?? 0,
      task: commit.task,
      worker: commit.worker === undefined ? undefined : names.get(commit.worker),
      startMs: Date.parse(commit.startedAt) - origin,
      // Two clocks, or one that was set back, must not give a task less than no time.
      endMs: Math.max(Date.parse(commit.endedAt), Date.parse(commit.startedAt)) - origin,
      bytesRead: commit.bytesRead ?? weights.get(`${commit.stage}/${commit.task}`) ?? 0,
      bytesWritten: commit.bytesWritten,
      rowsRead: commit.rowsRead,
      rowsWritten: commit.rowsWritten,
      rejected: commit.rejected,
      isVoid: voided.has(`${commit.stage}/${commit.task}`),
    }))
    .sort((left, right) => left.startMs - right.startMs);
};
