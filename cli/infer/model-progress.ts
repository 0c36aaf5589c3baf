import type { WorkerEvent } from '../../functions/contract/worker-events.ts';
import { renderCount } from '../../functions/core/render-units.ts';
import type { StageProgress } from '../progress.ts';

/** What a worker with a model is doing, as the progress line shows it. Counts are of its process. */
export type ModelProgress = {
  readonly rows: number;
  /** For people: `the engine starts`, or `340 tokens/s`. */
  readonly detail: string;
  /** Since when the engine takes rows, in milliseconds: from then on it has a speed. */
  readonly readyAt: number | undefined;
};

export const NO_PROGRESS: ModelProgress = { rows: 0, detail: 'the engine starts', readyAt: undefined };

/** What the progress line is behind an event; the same where the event says nothing about it. */
export const advanceProgress = (before: ModelProgress, event: WorkerEvent): ModelProgress => {
  switch (event.event) {
    case 'starting':
      return { ...before, detail: `the engine starts with ${event.model}` };
    case 'ready':
      return { ...before, detail: event.engine, readyAt: before.readyAt ?? Date.parse(event.at) };
    case 'engine-died':
      return { ...before, detail: 'the engine starts again' };
    case 'progress': {
      const seconds = (Date.parse(event.at) - (before.readyAt ?? Number.NaN)) / 1000;
      const speed = seconds > 0 ? Math.round((event.promptTokens + event.outputTokens) / seconds) : 0;
      const detail = speed > 0 ? `${renderCount(speed)} tokens/s` : before.detail;
      return { ...before, rows: event.answered + event.rejected, detail };
    }
    default:
      return before;
  }
};

/** Rows of the stage: all of them, those that were committed before this process, and when it began. */
export type ShownStage = {
  readonly rows: number;
  readonly doneRows: number;
  readonly elapsedSeconds: number;
  /** On the same clock, when the engine was ready; undefined before. */
  readonly readySeconds: number | undefined;
};

/** What the progress line shows: a speed is that of this process, and from when its engine takes rows. */
export const shareOfModel = (
  { rows: answered, detail }: ModelProgress,
  { rows, doneRows, elapsedSeconds, readySeconds = elapsedSeconds }: ShownStage,
): Omit<StageProgress, 'stage'> => {
  const shareOf = (some: number): number | undefined => (rows === 0 ? undefined : Math.min(1, some / rows));
  return {
    share: shareOf(doneRows + answered),
    shareBefore: shareOf(doneRows) ?? 0,
    rows: answered,
    elapsedSeconds,
    waitedSeconds: readySeconds,
    detail,
  };
};

/** Of what the start is made, too, where the engine says it. */
const renderStart = ({ startSeconds, parts }: Extract<WorkerEvent, { event: 'ready' }>): string => {
  const named = Object.entries(parts).map(([part, seconds]) => `${part} ${Math.round(seconds)} s`);
  return `${Math.round(startSeconds)} s${named.length === 0 ? '' : ` (${named.join(', ')})`}`;
};

/** What a user is told of an event in a line of its own; undefined where the progress line is enough. */
export const noteOf = (event: WorkerEvent): string | undefined => {
  switch (event.event) {
    case 'ready':
      return `${event.engine} is ready after ${renderStart(event)}`;
    case 'engine-died':
      return `the engine ${event.how}; its ${renderCount(event.rows)} rows go into the next one`;
    case 'rejected': {
      const causes = Object.entries(event.causes).map(([cause, rows]) => `${cause} ${renderCount(rows)}`);
      return `task ${event.task} rejects rows: ${causes.join(', ')}`;
    }
    default:
      return undefined;
  }
};
