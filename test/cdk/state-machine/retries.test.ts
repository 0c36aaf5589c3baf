import { describe, expect, it } from 'vitest';
import type { Retrier } from '../../../cdk/state-machine/asl.ts';
import { NOTE_RETRIES, OUTGROWN, STAGE_RETRIES, TASK_RETRIES } from '../../../cdk/state-machine/retries.ts';
import { FAILURES, type FailureName } from '../../../functions/contract/failures.ts';

const names = Object.keys(FAILURES) as FailureName[];
const attemptsOf = (retriers: readonly Retrier[], error: string): number =>
  retriers.find(({ ErrorEquals }) => ErrorEquals.includes(error))?.MaxAttempts ?? 0;

describe.each([
  ['a task', TASK_RETRIES],
  ['a stage', STAGE_RETRIES],
])('Retry of %s', (_, retriers) => {
  it.each(names.filter((name) => FAILURES[name].retry === 'again'))('gives %s two more attempts', (name) => {
    expect(attemptsOf(retriers, name)).toBe(2);
  });

  it.each(names.filter((name) => FAILURES[name].retry !== 'again'))('gives %s none', (name) => {
    expect(attemptsOf(retriers, name)).toBe(0);
  });

  it('waits long where Lambda has no room, which the default of the CDK leaves out', () => {
    expect(attemptsOf(retriers, 'Lambda.TooManyRequestsException')).toBe(30);
  });

  it.each([
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
  ])('tries again where Lambda says %s', (error) => {
    expect(attemptsOf(retriers, error)).toBe(8);
  });

  it('never tries again what it does not know: a mistake of ours stays one', () => {
    for (const error of ['States.ALL', 'States.TaskFailed', 'Error', 'TypeError', 'ZodError'])
      expect(attemptsOf(retriers, error)).toBe(0);
  });

  it('names each error once', () => {
    const named = retriers.flatMap(({ ErrorEquals }) => ErrorEquals);
    expect(named).toHaveLength(new Set(named).size);
  });
});

describe('a function that was stopped', () => {
  const stopped = OUTGROWN.filter((error) => !Object.hasOwn(FAILURES, error));

  it('is tried again where it is of a stage, and not where it is of a task, which has a large one', () => {
    expect(stopped).toHaveLength(5);
    for (const error of stopped) {
      expect(attemptsOf(STAGE_RETRIES, error)).toBe(2);
      expect(attemptsOf(TASK_RETRIES, error)).toBe(0);
    }
  });
});

describe('the note', () => {
  it('is tried again after any error', () => {
    expect(attemptsOf(NOTE_RETRIES, 'States.ALL')).toBe(5);
  });
});
