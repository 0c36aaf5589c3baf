/**
 * Laws of a deployment in operation, in a stack of its own: a deploy, a stop from outside, more jobs than slots,
 * messages that are none, the logs, the removal. Each test finds the stack as the one before left it.
 *
 * That a job keeps the code it began with is shown as far as versions go. Only an account can show that AWS lets an
 * execution go on by its old definition, and that environments of an old version that are at work live on.
 */
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { listSlots } from '../../../functions/io/cloud/slots.ts';
import { type LambdaFault, orderFault, withdrawFault } from '../../emulator/emulator-door.ts';
import { SERVICES, withChangedCheckout } from './changed-checkout.ts';
import { countedSpec, putNumbers, requireCounted } from './counted.ts';
import { type DeployTarget, deployStack, destroyStack } from './deploy-stack.ts';
import { readLog, readLogText } from './function-log.ts';
import { openStack, type Stack } from './open-stack.ts';
import type { StackFacts } from './stack-facts.ts';

const MOST_JOBS = 2;
const TASKS = { map: 2, reduce: 2 } as const;
/** Of the functions whose code a job in flight keeps. */
const STATES = ['Split', 'Map', 'Seal', 'Reduce', 'Publish'] as const;

let stack: Stack;
let target: DeployTarget;
let sqs: SQSClient;

beforeAll(async () => {
  const shared = inject('stack');
  if (shared.endpoint === undefined)
    throw new Error('these tests hold functions back: they want the emulator');
  const settings = {
    ...shared.settings,
    stackName: 'DaybreakOperations',
    concurrency: { mostJobs: MOST_JOBS, mostTasks: 8 },
  };
  target = { environment: shared.environment, settings, isBootstrapped: true };
  const facts: StackFacts = { ...shared, ...(await deployStack(target)), settings };
  stack = await openStack(facts);
  sqs = new SQSClient({});
  await putNumbers(stack);
});
afterAll(() => {
  stack.close();
  sqs.destroy();
});

/** Until it is withdrawn. */
const hold = async (name: string, job: string, more: Partial<LambdaFault> = {}) => {
  const door = { endpoint: stack.facts.endpoint ?? '' };
  const fault = await orderFault(door, {
    target: 'lambda',
    kind: 'hold',
    function: `*Operations*Functions${name}Function*`,
    where: { job },
    afterSeconds: 120,
    times: 20,
    ...more,
  });
  return async (): Promise<void> => {
    await withdrawFault(door, fault);
  };
};

const submit = (id: string, deadline?: string) =>
  stack.submit({
    id,
    tasks: TASKS,
    spec: countedSpec(stack, id, deadline === undefined ? {} : { deadline }),
  });

/** What the functions of a job's states logged of it. */
const linesOf = async (job: string) => {
  const lines = await Promise.all(STATES.map((name) => readLog(stack.facts, name)));
  return lines.flat().filter((line) => line.job === job);
};

const startOf = async (job: string): Promise<number> =>
  (await stack.execution(`${job}-0001-1`)).events[0]?.timestamp?.getTime() ?? 0;

describe('a log', () => {
  it('is of lines that say which job, run, stage and task they are about, and of metrics', async () => {
    await submit('logged');
    await requireCounted(stack, 'logged');
    const lines = (await readLog(stack.facts, 'Map')).filter(({ job }) => job === 'logged');
    expect(lines).toHaveLength(2);
    // The tasks end in any order.
    for (const task of ['000000', '000001'])
      expect(lines).toContainEqual(
        expect.objectContaining({
          ...{ level: 'INFO', message: 'task done', service: SERVICES.here, state: 'map' },
          ...{ job: 'logged', run: '0001', stage: '00-map', task },
        }),
      );
    const metrics = (await readLogText(stack.facts, 'FunctionsMapLogs')).filter((text) =>
      text.includes('"_aws"'),
    );
    expect(metrics.map((text) => JSON.parse(text))).toContainEqual(
      expect.objectContaining({ state: 'map', job: 'logged', TaskSeconds: expect.any(Number) }),
    );
  });
});

describe('a deploy', () => {
  it('leaves a job that runs the code that it began with, and gives the next one the new code', async () => {
    const release = await hold('Map', 'deployed-over');
    await submit('deployed-over');
    await stack.waitFor('deployed-over', ['running']);
    await withChangedCheckout((checkout) => deployStack({ ...target, checkout }));
    await submit('deployed-behind');
    await requireCounted(stack, 'deployed-behind');
    expect((await stack.read('deployed-over'))?.word).toBe('running');
    await release();
    await requireCounted(stack, 'deployed-over');
    const servicesOf = async (job: string) =>
      Array.from(new Set((await linesOf(job)).map(({ state, service }) => `${state} ${service}`))).sort();
    const states = ['map', 'publish', 'reduce', 'seal', 'split'];
    expect(await servicesOf('deployed-over')).toEqual(states.map((state) => `${state} ${SERVICES.here}`));
    expect(await servicesOf('deployed-behind')).toEqual(
      states.map((state) => `${state} ${SERVICES.changed}`),
    );
  });
});

describe('an execution that somebody stops', () => {
  it('gives its slot back by the event of its end, and the job can be resumed', async () => {
    const job = 'stopped';
    const release = await hold('Map', job);
    await submit(job);
    await stack.waitFor(job, ['running']);
    await stack.stopExecution(`${job}-0001-1`);
    expect((await stack.execution(`${job}-0001-1`)).status).toBe('ABORTED');
    await stack.waitFor(job, ['interrupted']);
    const ended = await stack.waitUntil('dispatch behind it', async () =>
      (await readLog(stack.facts, 'Dispatch')).find((line) => line.ended === `${job}-0001-1`),
    );
    expect(ended).toMatchObject({ state: 'dispatch', message: 'dispatched' });
    await release();
    await stack.send({ kind: 'resume', job });
    await stack.waitFor(job, ['published']);
    await requireCounted(stack, job);
    expect((await stack.execution(`${job}-0001-2`)).status).toBe('SUCCEEDED');
  });
});

describe('more jobs than there are slots', () => {
  it('wait, and begin in the order of their deadlines, those without one last', async () => {
    const [releaseFirst, releaseSecond] = [await hold('Split', 'slots-a'), await hold('Split', 'slots-b')];
    for (const job of ['slots-a', 'slots-b']) {
      await submit(job);
      await stack.waitUntil(`the execution of ${job}`, async () =>
        (await stack.hasExecution(`${job}-0001-1`)) ? true : undefined,
      );
    }
    const waiting = [
      ['slots-whenever', undefined],
      ['slots-late', '3h'],
      ['slots-soon', '2h'],
    ] as const;
    for (const [job, deadline] of waiting) {
      await submit(job, deadline);
      await stack.waitFor(job, ['waiting']);
    }
    expect((await listSlots(stack.store)).map(({ slot }) => slot.job).sort()).toEqual(['slots-a', 'slots-b']);
    for (const [job] of waiting) expect(await stack.hasExecution(`${job}-0001-1`)).toBe(false);
    // One slot for all that wait: each begins when the one before it has ended.
    await releaseFirst();
    for (const [job] of waiting) await requireCounted(stack, job);
    const order = ['slots-a', 'slots-soon', 'slots-late', 'slots-whenever'];
    const starts = await Promise.all(order.map(startOf));
    expect(starts).toEqual([...starts].sort((left, right) => left - right));
    expect((await stack.read('slots-b'))?.word).toBe('running');
    await releaseSecond();
    await requireCounted(stack, 'slots-b');
  });
});

describe('a message that is none', () => {
  it('ends in the dead letters after five tries, and holds no other back', async () => {
    const { QueueUrl = '', DeadLettersUrl = '' } = stack.facts.outputs;
    // What a try waits for the next one is six minutes otherwise.
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '1' } }));
    const bad = ['not JSON', JSON.stringify({ kind: 'delete', job: 'logged' })];
    for (const body of bad) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    await submit('beside-bad');
    await requireCounted(stack, 'beside-bad');
    const letters = new Set<string>();
    await stack.waitUntil('the dead letters', async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: DeadLettersUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 0,
        }),
      );
      for (const { Body = '' } of Messages) letters.add(Body);
      return letters.size >= bad.length ? letters : undefined;
    });
    expect([...letters].sort()).toEqual([...bad].sort());
    const failures = (await readLog(stack.facts, 'Start')).filter(({ level }) => level === 'ERROR');
    expect(failures.map(({ message }) => message)).toHaveLength(2 * 5);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });
});

describe('cdk destroy', () => {
  it('leaves both buckets with all that is in them', async () => {
    await destroyStack(target);
    await expect(openStack(stack.facts)).rejects.toThrow(/there is no stack DaybreakOperations/);
    for (const Bucket of [stack.data, stack.blocks]) await stack.s3.send(new HeadBucketCommand({ Bucket }));
    await requireCounted(stack, 'logged');
  });
});
