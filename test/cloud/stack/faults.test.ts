/** Laws of jobs on the stack whose functions die, stall, fail, are delivered twice or meet an S3 that stumbles. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../../functions/contract/job.ts';
import { cancelJob } from '../../../functions/stages/cancel-job.ts';
import { type LambdaFault, listFaults, orderFault, type S3Fault } from '../../emulator/emulator-door.ts';
import { readLogText } from './function-log.ts';
import { openStack, type Stack } from './open-stack.ts';

const ROWS = 4_000;
const KEYS = 37;

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
  const rows = Array.from({ length: ROWS }, (_, row) => `${row},${row % KEYS},${(row * 7919) % 101}`);
  await stack.putData('in/faults.csv', `v,k,x\n${rows.join('\n')}\n`);
});
afterAll(() => stack.close());

const order = (fault: LambdaFault | S3Fault) => {
  const { endpoint } = stack.facts;
  if (endpoint === undefined)
    throw new Error('an account of AWS fails by itself only: these tests want the emulator');
  return orderFault({ endpoint }, fault);
};

const submit = (id: string, steps?: readonly unknown[]): Promise<Job> =>
  stack.submit({
    id,
    tasks: { map: 3, reduce: 2 },
    spec: {
      name: 'counted',
      input: { uri: `s3://${stack.data}/in/faults.csv` },
      steps: steps ?? [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)', m: 'median(v)' } } }],
      output: { uri: `s3://${stack.data}/results/${id}/` },
    },
  });

/** Published, with each row counted once. */
const requirePublished = async (id: string): Promise<void> => {
  const state = await stack.waitFor(id);
  expect(state.outcome?.failure ?? state.report?.failure).toBeUndefined();
  expect(state).toMatchObject({ word: 'published', report: { rows: { read: ROWS, written: KEYS } } });
  await stack.withOutput(state.job.spec.output.uri, async (_, manifest) => {
    expect(manifest.rows).toBe(KEYS);
    expect(manifest.counts.folded).toBe(ROWS - KEYS);
  });
};

/** That a fault which nobody met proves nothing. */
const requireMet = async (id: number): Promise<void> => {
  const faults = await listFaults({ endpoint: stack.facts.endpoint ?? '' });
  expect(faults.find((fault) => fault.id === id)?.hits).toBeGreaterThan(0);
};

describe('a job', () => {
  it.each(['Split', 'Map', 'Reduce', 'Seal', 'Publish', 'Dispatch'])(
    'survives the death of the function %s in the middle of it',
    async (name) => {
      const id = `dies-in-${name.toLowerCase()}`;
      const where = name === 'Dispatch' ? { execution: `${id}-0001-1` } : { job: id };
      const fault = await order({
        target: 'lambda',
        kind: 'die',
        function: `*Functions${name}Function*`,
        where,
        afterSeconds: 0.15,
      });
      await submit(id);
      await requirePublished(id);
      await stack.execution(`${id}-0001-1`);
      await requireMet(fault.id);
    },
  );

  it('runs a task that a function’s time ran out over on the large function', async () => {
    const id = 'times-out';
    const fault = await order({
      target: 'lambda',
      kind: 'time-out',
      function: '*FunctionsMapFunction*',
      where: { job: id, task: '000001' },
      afterSeconds: 0.1,
    });
    await submit(id);
    await requirePublished(id);
    await requireMet(fault.id);
  });

  it('has each task once where a function’s answer is lost, or a function runs twice', async () => {
    const id = 'runs-twice';
    const twice = await order({
      target: 'lambda',
      kind: 'twice',
      function: '*FunctionsMapFunction*',
      where: { job: id },
      times: 3,
    });
    const lost = await order({
      target: 'lambda',
      kind: 'lose-answer',
      function: '*FunctionsReduceFunction*',
      where: { job: id },
      times: 2,
    });
    await submit(id);
    await requirePublished(id);
    await requireMet(twice.id);
    await requireMet(lost.id);
  });

  it('waits for a function that has no room', async () => {
    const id = 'throttled';
    const fault = await order({
      target: 'lambda',
      kind: 'throttle',
      function: '*FunctionsMapFunction*',
      where: { job: id },
      times: 6,
    });
    await submit(id);
    await requirePublished(id);
    await requireMet(fault.id);
  });

  it('is one job where its message is delivered twice', async () => {
    const fault = await order({ target: 'lambda', kind: 'twice', function: '*FunctionsStartFunction*' });
    const job = await submit('delivered-twice');
    await stack.send({ kind: 'submit', job });
    await requirePublished('delivered-twice');
    await stack.send({ kind: 'submit', job });
    await stack.execution('delivered-twice-0001-1');
    await requireMet(fault.id);
    expect(await stack.hasExecution('delivered-twice-0001-2')).toBe(false);
  });

  it('outlasts an S3 that is slow, drops requests and loses answers', async () => {
    const id = 'stumbling';
    const faults = await Promise.all([
      order({ target: 's3', kind: 'slow-down', operation: 'PutObject', key: `*${id}*`, times: 4 }),
      order({ target: 's3', kind: 'lose-answer', operation: 'PutObject', key: `*${id}*commits*`, times: 3 }),
      order({ target: 's3', kind: 'drop', operation: 'GetObject', key: `*${id}*`, times: 3 }),
      order({ target: 's3', kind: 'internal-error', operation: 'HeadObject', key: `*${id}*`, times: 2 }),
      order({ target: 's3', kind: 'conflict', operation: 'PutObject', key: `*${id}*sealed*`, times: 1 }),
      order({ target: 's3', kind: 'slow-down', operation: 'CopyObject', key: `*${id}*`, times: 1 }),
    ]);
    await submit(id);
    await requirePublished(id);
    for (const fault of faults) await requireMet(fault.id);
  });

  it('fails with the own error of a task that always fails, and publishes nothing', async () => {
    await submit('always-fails', [{ extend: { w: "CAST('cell-' || v AS INTEGER)" } }]);
    const state = await stack.waitFor('always-fails');
    expect(state).toMatchObject({ word: 'failed', outcome: { failure: { name: 'QueryError' } } });
    const execution = await stack.execution('always-fails-0001-1');
    expect(execution).toMatchObject({ status: 'FAILED', error: 'QueryError' });
    expect(await stack.listData('results/always-fails/')).toEqual([]);
    expect(await stack.world.findPresence({ job: 'always-fails' })).toBe('nobody');
    const printed = (await readLogText(stack.facts)).filter((text) => text.includes('always-fails'));
    expect(printed.filter((text) => text.includes('task failed'))).not.toEqual([]);
    // The error of the engine names the value that it could not convert.
    expect(printed.filter((text) => /cell-\d/.test(text))).toEqual([]);
  });

  it('fails by name where a function dies whenever it runs a task, however often', async () => {
    const id = 'always-dies';
    await order({
      target: 'lambda',
      kind: 'die',
      function: '*FunctionsMap*Function*',
      where: { job: id },
      times: 500,
    });
    await submit(id);
    const state = await stack.waitFor(id);
    expect(state.word).toBe('failed');
    // Step Functions cannot tell a death from memory that ran out: its tasks are halved before it gives up.
    expect(state.outcome?.failure?.name).toBe('TaskMemoryError');
    expect(state.outcome?.failure?.message).toContain('Runtime.ExitError');
    expect(await stack.listData(`results/${id}/`)).toEqual([]);
  });

  it('ends by itself where it is cancelled during map', async () => {
    const id = 'cancelled-in-map';
    await order({
      target: 's3',
      kind: 'delay',
      operation: 'PutObject',
      key: `b/*${id}*`,
      afterSeconds: 3,
      times: 3,
    });
    await submit(id);
    await stack.waitUntil('a running map', async () => {
      const state = await stack.read(id);
      return state?.plan === undefined ? undefined : state;
    });
    const state = await stack.read(id);
    if (state === undefined) throw new Error('the job is gone');
    await cancelJob(stack.world, state);
    expect((await stack.waitFor(id)).word).toBe('cancelled');
    const execution = await stack.execution(`${id}-0001-1`);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'JobCancelledError' });
    expect(await stack.listData(`results/${id}/`)).toEqual([]);
    // Resumed, it goes on with what was committed.
    await stack.send({ kind: 'resume', job: id });
    await stack.waitFor(id, ['published']);
    await requirePublished(id);
  });

  it('is published or cancelled, never both, where the wish comes during publish', async () => {
    const id = 'cancelled-in-publish';
    await order({
      target: 's3',
      kind: 'delay',
      operation: 'CopyObject',
      key: `*${id}*`,
      afterSeconds: 2,
      times: 2,
    });
    await submit(id);
    const publishing = await stack.waitFor(id, ['publishing', 'published']);
    const said = await cancelJob(stack.world, publishing);
    expect(said).toMatch(/published|ended before/);
    await stack.waitFor(id, ['published']);
    await requirePublished(id);
  });
});
