import type { WorkerEvent } from '../../functions/contract/worker-events.ts';
import { renderCount } from '../../functions/core/render-units.ts';

/** What a worker with a model is doing, as the progress line shows it. Counts are of its process. */
export type ModelProgress = {
  readonly rows: number;
  /** For people: `the engine starts`, or `340 tokens/s`. */
  readonly detail: string;
  /** Of the last look, to tell the speed from. */
  readonly tokens: number;
  readonly at: number;
};

export const NO_PROGRESS: ModelProgress = { rows: 0, detail: 'the engine starts', tokens: 0, at: 0 };

/** What the progress line is behind an event; the same where the event says nothing about it. */
export const advanceProgress = (before: ModelProgress, event: WorkerEvent): ModelProgress => {
  switch (event.event) {
    case 'starting':
      return { ...before, detail: `the engine starts with ${event.model}` };
    case 'ready':
      return { ...before, detail: event.engine, at: Date.parse(event.at) };
    case 'engine-died':
      return { ...before, detail: 'the engine starts again' };
    case 'progress': {
      const at = Date.parse(event.at);
      const tokens = event.promptTokens + event.outputTokens;
      const seconds = (at - before.at) / 1000;
      const speed = seconds <= 0 ? 0 : Math.round((tokens - before.tokens) / seconds);
      const detail = speed > 0 ? `${renderCount(speed)} tokens/s` : before.detail;
      return { rows: event.answered + event.rejected, detail, tokens, at };
    }
    default:
      return before;
  }
};

/** What a user is told of an event in a line of its own; undefined where the progress line is enough. */
export const noteOf = (event: WorkerEvent): string | undefined => {
  switch (event.event) {
    case 'ready':
      return `${event.engine} is ready after ${Math.round(event.startSeconds)} s`;
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
