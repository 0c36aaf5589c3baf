import type { Choice, Fail, Succeed } from '../asl.ts';

/** ExecutionState.failure has an empty name where nothing failed. */
export const outcome = (): Choice => ({
  Type: 'Choice',
  Choices: [{ Variable: '$.failure.name', StringEquals: '', Next: 'Succeeded' }],
  Default: 'Failed',
});

export const succeeded = (): Succeed => ({ Type: 'Succeed' });

/** With the job's own error. */
export const failed = (): Fail => ({
  Type: 'Fail',
  ErrorPath: '$.failure.name',
  CausePath: '$.failure.message',
});
