import { describe, expect, it } from 'vitest';
import type { Retrier } from '../../../cdk/state-machine/asl.ts';
import { NOTE_RETRIES, OUTGROWN, STAGE_RETRIES, TASK_RETRIES } from '../../../cdk/state-machine/retries.ts';
import { FAILURES, type FailureName, type FailureRow } from '../../../functions/contract/failures.ts';
import { MACHINE_FAILURES, TRANSIENT_ERRORS } from '../../../functions/contract/machine-failures.ts';

/** What Step Functions may see, with what the tables say of it. */
const KNOWN: readonly (readonly [string, FailureRow['retry']])[] = [
  ...(Object.keys(FAILURES) as FailureName[]).map((name) => [name, FAILURES[name].retry] as const),
  ...Object.entries(MACHINE_FAILURES).map(([error, name]) => [error, FAILURES[name].retry] as const),
];
const attemptsOf = (retriers: readonly Retrier[], error: string): number =>
  retriers.find(({ ErrorEquals }) => ErrorEquals.includes(error))?.MaxAttempts ?? 0;

describe('a task', () => {
  it.each(KNOWN)('that fails with %s (%s) is tried again as the table says', (error, retry) => {
    expect(attemptsOf(TASK_RETRIES, error)).toBe(retry === 'again' ? 2 : 0);
    expect(OUTGROWN.includes(error)).toBe(retry === 'again-with-more-memory');
  });
});

describe('a stage', () => {
  it.each(KNOWN)('that fails with %s (%s) is tried again unless the table says never', (error, retry) => {
    expect(attemptsOf(STAGE_RETRIES, error)).toBe(retry === 'never' ? 0 : 2);
  });
});

describe.each([
  ['a task', TASK_RETRIES],
  ['a stage', STAGE_RETRIES],
])('Retry of %s', (_, retriers) => {
  it('waits long where Lambda has no room, which the default of the CDK leaves out', () => {
    expect(attemptsOf(retriers, 'Lambda.TooManyRequestsException')).toBe(30);
  });

  it.each(TRANSIENT_ERRORS.filter((error) => error !== 'Lambda.TooManyRequestsException'))(
    'tries again where Lambda says %s',
    (error) => {
      expect(attemptsOf(retriers, error)).toBe(8);
    },
  );

  it('never tries again what it does not know: a mistake of ours stays one', () => {
    for (const error of ['States.ALL', 'States.TaskFailed', 'Error', 'TypeError', 'ZodError'])
      expect(attemptsOf(retriers, error)).toBe(0);
  });

  it('names each error once', () => {
    const named = retriers.flatMap(({ ErrorEquals }) => ErrorEquals);
    expect(named).toHaveLength(new Set(named).size);
  });
});

describe('the note', () => {
  it('is tried again after any error', () => {
    expect(attemptsOf(NOTE_RETRIES, 'States.ALL')).toBe(5);
  });
});
