import { expect, it } from 'vitest';
import { prepareAttempts } from '../../../cli/report-page/prepare-attempts.ts';
import { renderAttempts } from '../../../cli/report-page/render-attempts.ts';
import type { Amendment } from '../../../functions/contract/amendment.ts';

const AT = '2026-11-22T00:00:00.000Z';
const amendment: Amendment = {
  job: 'one',
  run: '0001',
  stage: '00-map',
  void: ['000000', '000001', '000002'],
  tasks: [{ task: '000000.000' }],
  reason: 'quotes',
  at: AT,
};
const failure = (task: string, worker?: string) => ({
  task,
  at: AT,
  note: {
    Error: 'WorkerDiedError',
    Cause: JSON.stringify({ errorMessage: 'it was killed' }),
    ...(worker === undefined ? {} : { worker }),
  },
});

it('lists what was replaced and why, and each attempt that failed with who made it', () => {
  const notes = [
    { stage: '00-map', amendments: [amendment], failures: [failure('000001', '7-ab-1'), failure('000002')] },
  ];
  expect(prepareAttempts(notes, ['7-ab-0', '7-ab-2'])).toEqual({
    amended: [{ stage: '00-map', voided: 3, tasks: 1, reason: 'quotes' }],
    failed: [
      {
        stage: '00-map',
        task: '000001',
        worker: 'worker 1',
        name: 'WorkerDiedError',
        message: 'it was killed',
      },
      { stage: '00-map', task: '000002', worker: '', name: 'WorkerDiedError', message: 'it was killed' },
    ],
    moreFailed: 0,
  });
});

it('lists so many attempts, and counts the others', () => {
  const failures = Array.from({ length: 70 }, () => failure('000001'));
  const attempts = prepareAttempts([{ stage: '00-map', amendments: [], failures }], []);
  expect(attempts.failed).toHaveLength(50);
  expect(attempts.moreFailed).toBe(20);
  expect(renderAttempts(attempts).markup).toContain('And 20 more failed attempts.');
});

it('says nothing where every task was done once', () => {
  expect(
    renderAttempts(prepareAttempts([{ stage: '00-map', amendments: [], failures: [] }], [])).markup,
  ).toBe('');
});
