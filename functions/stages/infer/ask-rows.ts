import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import type { AskRow, RowAnswer } from '../../io/endpoints/endpoint.ts';
import type { Usage } from '../../io/endpoints/read-reply.ts';
import { runOrdered } from '../../io/modules/run-ordered.ts';
import type { BlockStream } from '../../io/open-blocks.ts';
import type { Answered } from './answer-columns.ts';
import { type RequestBatch, type RequestRow, readRequests } from './read-requests.ts';
import type { RejectRow } from './reject-rows.ts';
import type { AppendAnswers } from './write-answers.ts';

/**
 * Rows that may be begun ahead of the slowest that is still open, for each that is open: a row that is tried five times,
 * with up to 15 seconds in between, is to hold up nobody.
 */
const MOST_AHEAD = 16;

export type RowWork = {
  readonly step: PlannedInferStep;
  readonly streams: Iterable<BlockStream>;
  readonly concurrency: number;
  /** What fits the memory at once, about: rows that wait for an earlier one among them. */
  readonly mostRows: number;
  readonly ask: AskRow;
  readonly append: AppendAnswers;
  readonly reject: RejectRow;
  /** After each row, in order; with what the endpoint counted for it, where it replied. */
  readonly onRow: (row: RequestRow, usage: Usage | undefined) => void;
  readonly signal: AbortSignal;
};

/** What a call gave; `error` where there is no answer and no reject, but an end. */
type Outcome = RowAnswer | { readonly error: unknown };

/**
 * Asks for the rows of all pieces, several at once, and gives their answers on in the order of the rows, batch by
 * batch. Fails with what `ask` and `reject` fail with, with errors of the blocks, and with the reason of the signal.
 */
export const askRows = async (work: RowWork): Promise<void> => {
  const { step, streams, concurrency, mostRows, ask, append, reject, onRow, signal } = work;
  let answers: (Answered | undefined)[] = [];
  const collect = (batch: RequestBatch, answered: Answered | undefined): void => {
    answers.push(answered);
    if (answers.length < batch.loaded.rows) return;
    append(batch.loaded, answers);
    answers = [];
  };
  await runOrdered<RequestRow, Outcome>(
    asynchronously(readRequests(streams, step)),
    {
      concurrency,
      window: Math.max(concurrency, Math.min(concurrency * MOST_AHEAD, mostRows)),
      call: ({ batch, index }) => ask(batch.asked(index), signal).catch((error: unknown) => ({ error })),
      emit: (row, outcome) => {
        if ('error' in outcome) throw outcome.error;
        onRow(row, outcome.usage);
        if (outcome.reject === undefined) return collect(row.batch, outcome);
        reject(row, outcome.reject);
        collect(row.batch, undefined);
      },
    },
    signal,
  );
};

async function* asynchronously<Item>(items: Iterable<Item>): AsyncGenerator<Item, void> {
  yield* items;
}
