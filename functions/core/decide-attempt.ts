import type { FailureRow } from '../contract/failures.ts';

/** Attempts of one task in one run of the command, all in all: a resume begins to count again. */
export const MAX_ATTEMPTS = 3;

export type AttemptDecision = 'fail' | 'again' | 'again-with-all-memory';

/**
 * Decides what follows a failed attempt, the `attempts`-th of its task. One that needs more memory is tried again
 * when it can have all of it; where it had that already, again all the same: its worker may have been the fuller
 * for the tasks before.
 */
export const decideAttempt = (failed: {
  readonly retry: FailureRow['retry'];
  readonly attempts: number;
  readonly hadAllMemory: boolean;
}): AttemptDecision => {
  if (failed.retry === 'never' || failed.attempts >= MAX_ATTEMPTS) return 'fail';
  return failed.retry === 'again-with-more-memory' && !failed.hadAllMemory
    ? 'again-with-all-memory'
    : 'again';
};
