import type { Amendment } from '../../functions/contract/amendment.ts';
import { readCause } from '../../functions/core/read-cause.ts';
import type { FailedAttempt as Note } from '../../functions/io/failure-notes.ts';
import { nameWorkers } from './name-workers.ts';
import type { Amended, FailedAttempt, ReportPage } from './report-page.ts';

/** What went wrong in a stage on the way, by its notes. */
export type StageNotes = {
  readonly stage: string;
  readonly amendments: readonly Amendment[];
  readonly failures: readonly Note[];
};

/** More attempts than this are counted, not listed. */
const MOST_LISTED = 50;

/** What was done more than once: tasks that were replaced, and attempts that failed. `workers` are all of the run. */
export const prepareAttempts = (
  stages: readonly StageNotes[],
  workers: readonly string[],
): Pick<ReportPage, 'amended' | 'failed' | 'moreFailed'> => {
  const amended = stages.flatMap(({ stage, amendments }) =>
    amendments.map(
      ({ void: voided, tasks, reason }): Amended => ({
        stage,
        voided: voided.length,
        tasks: tasks.length,
        reason,
      }),
    ),
  );
  const notes = stages.flatMap(({ stage, failures }) => failures.map((failure) => ({ stage, failure })));
  const names = nameWorkers([...workers, ...notes.flatMap(({ failure }) => workerOf(failure) ?? [])]);
  const failed = notes.slice(0, MOST_LISTED).map(({ stage, failure }): FailedAttempt => {
    const worker = workerOf(failure);
    return {
      stage,
      task: failure.task,
      worker: worker === undefined ? '' : (names.get(worker) ?? worker),
      name: failure.note.Error,
      message: readCause(failure.note.Cause),
    };
  });
  return { amended, failed, moreFailed: notes.length - failed.length };
};

/** The state machine names none. */
const workerOf = ({ note }: Note): string | undefined =>
  typeof note.worker === 'string' ? note.worker : undefined;
