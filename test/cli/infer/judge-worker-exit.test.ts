import { describe, expect, it } from 'vitest';
import { judgeWorkerExit } from '../../../cli/infer/judge-worker-exit.ts';
import { FAILURES, type FailureName } from '../../../functions/contract/failures.ts';
import { WORKER_EXITS } from '../../../functions/contract/worker-exits.ts';

const stage = { job: 'j', run: '0001', stage: '01-infer' };
const nothing = { said: undefined, halt: undefined };
const ended = (code: number) => ({ code, how: `ended with exit code ${code}` });

describe('judgeWorkerExit', () => {
  it('finds no failure in a worker that has nothing left to do', () => {
    expect(judgeWorkerExit(stage, { ...nothing, exit: ended(0) })).toBeUndefined();
  });

  it.each(Object.entries(WORKER_EXITS).filter(([name]) => name !== 'done'))(
    'names the failure %s by its exit code, with its own row of the table',
    (name, code) => {
      const failure = judgeWorkerExit(stage, { ...nothing, exit: ended(code) });
      expect(failure?.name).toBe(name);
      expect(failure?.row).toBe(FAILURES[name as FailureName]);
    },
  );

  it('lets a worker say itself what was wrong', () => {
    const said = { name: 'ModelError', message: 'the model m has no safetensors' } as const;
    expect(judgeWorkerExit(stage, { ...nothing, exit: ended(61), said })).toMatchObject(said);
  });

  it('ends with the failure that halted the run, not as cancelled', () => {
    const failure = { name: 'EndpointError', message: 'the endpoint e is gone' } as const;
    const halt = {
      job: 'j',
      run: '0001',
      reason: 'failure',
      at: '2026-01-01T00:00:00.000Z',
      failure,
    } as const;
    expect(judgeWorkerExit(stage, { ...nothing, exit: ended(67), halt })).toMatchObject(failure);
    const cancelled = judgeWorkerExit(stage, {
      ...nothing,
      exit: ended(67),
      halt: { ...halt, reason: 'cancel' },
    });
    expect(cancelled?.name).toBe('JobCancelledError');
  });

  it('tries again after a death that nobody explains', () => {
    const exit = { code: undefined, how: 'was killed by SIGKILL' };
    expect(judgeWorkerExit(stage, { ...nothing, exit })).toMatchObject({
      name: 'WorkerDiedError',
      row: { retry: 'again' },
    });
  });
});
