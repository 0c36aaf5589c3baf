/**
 * The function `start` over a queue, buckets and a state machine of the emulator: messages and uploads of every kind.
 * What comes of the good ones, and of duplicates, is in stack/ways-in.test.ts.
 */
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { Rejection } from '../../functions/contract/rejection.ts';
import { SPEC_LIMITS } from '../../functions/contract/spec-limits.ts';
import type { StartMessage } from '../../functions/contract/start-message.ts';
import { handler } from '../../functions/handlers/start.ts';
import { sendStartMessage } from '../../functions/io/cloud/job-queue.ts';
import { readState } from '../../functions/io/put-once.ts';
import { readSpec } from '../../functions/io/spec/parse-spec.ts';
import { makeJob } from '../../functions/stages/make-job.ts';
import { listJobs } from '../../functions/stages/read-job-state.ts';
import { DATA, type HandMade, LAMBDA, openHandMade, pumpQueue } from './open-deployment.ts';

const INPUTS = [`s3://${DATA}/`];
const OUTPUTS = [`s3://${DATA}/results/`];
let deployment: HandMade;
beforeAll(async () => {
  deployment = await openHandMade({
    api: { inputs: INPUTS, outputs: OUTPUTS },
    inboxes: [
      { prefix: 'inbox/', inputs: INPUTS, outputs: OUTPUTS },
      { prefix: 'inbox/sales/', inputs: [`s3://${DATA}/sales/`], outputs: [`s3://${DATA}/results/sales/`] },
    ],
  });
});
afterAll(() => deployment.close());

const SPEC = {
  name: 'themes',
  input: { uri: `s3://${DATA}/tickets/*.csv` },
  steps: [{ filter: 'a > 1' }],
  output: { uri: `s3://${DATA}/results/themes` },
};

const submitMessage = (id: string, spec: object = SPEC): StartMessage => {
  const parsed = readSpec(JSON.stringify(spec), { file: 'spec.json' });
  return { kind: 'submit', job: makeJob(parsed, { id, now: new Date(), submittedBy: 'tests' }) };
};

const executions = async (): Promise<readonly string[]> => {
  const { executions: found = [] } = await deployment.sfn.send(
    new ListExecutionsCommand({ stateMachineArn: deployment.stateMachineArn }),
  );
  return found.map(({ name = '' }) => name);
};
const executionsOf = async (job: string) =>
  (await executions()).filter((name) => name.startsWith(`${job}-00`));

const send = async (...messages: readonly StartMessage[]): Promise<void> => {
  for (const message of messages) await sendStartMessage(deployment.sqs, deployment.queueUrl, message);
};

describe('a message that submits a job', () => {
  it('is acknowledged where another job has the id, which stays what it is', async () => {
    await send(submitMessage('taken'), submitMessage('taken', { ...SPEC, steps: [] }));
    expect(await pumpQueue(deployment)).toEqual([]);
    expect(await executionsOf('taken')).toEqual(['taken-0001-1']);
  });

  it('is acknowledged where it resumes a job that is not there, or one that runs', async () => {
    await send(submitMessage('runs'), { kind: 'resume', job: 'nowhere' });
    await pumpQueue(deployment);
    await send({ kind: 'resume', job: 'runs' });
    expect(await pumpQueue(deployment)).toEqual([]);
    expect(await executionsOf('runs')).toEqual(['runs-0001-1']);
  });
});

describe('a batch', () => {
  it('fails the messages that do not parse, and no other', async () => {
    const bodies = [
      'not JSON',
      JSON.stringify(submitMessage('good-one')),
      '{}',
      'null',
      '[]',
      JSON.stringify({ kind: 'delete', job: 'once' }),
      JSON.stringify({ kind: 'resume', job: '../etc' }),
      JSON.stringify({ source: 'aws.s3', detail: {} }),
      JSON.stringify({ ...submitMessage('bad'), more: 1 }),
      JSON.stringify(submitMessage('good-two')),
    ];
    const Records = bodies.map((body, index) => ({ messageId: String(index), body }));
    const { batchItemFailures } = await handler({ Records }, LAMBDA);
    expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
      '0',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
    ]);
    for (const id of ['good-one', 'good-two']) expect(await executionsOf(id)).toEqual([`${id}-0001-1`]);
  });

  it('gives back what it has no time for', async () => {
    const body = JSON.stringify(submitMessage('late'));
    const lambda = { ...LAMBDA, getRemainingTimeInMillis: () => 12_000 };
    const { batchItemFailures } = await handler({ Records: [{ messageId: 'm', body }] }, lambda);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm' }]);
    expect(await executionsOf('late')).toEqual([]);
  });
});

describe('an upload into the inbox', () => {
  const upload = async (key: string, body: string | Uint8Array) => {
    const { ETag = '' } = await deployment.s3.send(
      new PutObjectCommand({ Bucket: DATA, Key: key, Body: body }),
    );
    return ETag.replaceAll('"', '');
  };
  let sequence = 0;
  /** As EventBridge tells of it. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
  const eventOf = (
    key: string,
    etag: string,
    more: { readonly bucket?: string; readonly sequencer?: string } = {},
  ) => {
    sequence += 1;
    return {
      version: '0',
      id: '17793124-05d4-b198-2fde-7ededc63b103',
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: '111122223333',
      time: '2026-11-28T12:00:00Z',
      region: 'us-east-1',
      resources: [`arn:aws:s3:::${DATA}`],
      detail: {
        version: '0',
        bucket: { name: more.bucket ?? DATA },
        object: { key, size: 5, etag, sequencer: more.sequencer ?? String(sequence).padStart(16, '0') },
        'request-id': 'N4N7GDK58NMKJ12R',
        requester: '123456789012',
        reason: 'PutObject',
      },
    };
  };
  const tell = async (...events: readonly object[]): Promise<readonly string[]> => {
    const Records = events.map((event, index) => ({ messageId: String(index), body: JSON.stringify(event) }));
    const { batchItemFailures } = await handler({ Records }, LAMBDA);
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  const rejectionOf = async (key: string): Promise<Rejection | undefined> => {
    try {
      const { Body } = await deployment.s3.send(
        new GetObjectCommand({ Bucket: DATA, Key: `${key}.rejected.json` }),
      );
      return Rejection.parse(JSON.parse((await Body?.transformToString()) ?? ''));
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return undefined;
      throw error;
    }
  };
  const jobsNamed = async (name: string) =>
    (await listJobs(deployment.store)).filter((job) => job.startsWith(`${name}-`));

  it.each(['inbox/a b+c%20d.yaml', 'inbox/ünïcode/特.yml', "inbox/it's (new) [1].yaml", 'inbox/UPPER.yaml'])(
    'is a job under any name: %s',
    async (key) => {
      const name = `named-${sequence}`;
      const body = `name: ${name}\ninput: { uri: 's3://${DATA}/x.csv' }\noutput: { uri: 's3://${DATA}/results/x' }\ndeadline: 2h\n`;
      expect(await tell(eventOf(key, await upload(key, body)))).toEqual([]);
      const [job = ''] = await jobsNamed(name);
      expect(await readState(deployment.store, { key: KEYS.job.render({ job }), schema: Job })).toMatchObject(
        {
          submittedBy: `inbox: ${key}`,
          submittedAt: '2026-11-28T12:00:00.000Z',
          deadlineAt: '2026-11-28T14:00:00.000Z',
        },
      );
    },
  );

  it('is rejected beside it with all problems and their places, and nothing comes of that', async () => {
    const key = 'inbox/bad.yaml';
    const body = 'name: Bad Name\ninput: {}\noutptu: 1\n';
    const etag = await upload(key, body);
    expect(await tell(eventOf(key, etag))).toEqual([]);
    const rejection = await rejectionOf(key);
    expect(rejection).toMatchObject({ key, etag, error: { name: 'SpecError' } });
    expect(rejection?.error.problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: 'name', line: 1, column: 7 }),
        expect.objectContaining({ path: 'outptu', line: 3, column: 1, suggestion: 'output' }),
      ]),
    );
    const jobs = await listJobs(deployment.store);
    expect(await tell(eventOf(`${key}.rejected.json`, etag))).toEqual([]);
    expect(await rejectionOf(`${key}.rejected.json`)).toBeUndefined();
    expect(await listJobs(deployment.store)).toEqual(jobs);
  });

  it('is rejected for all that its spec may not say here, at once', async () => {
    const key = 'inbox/sales/outside.json';
    const spec = {
      ...SPEC,
      input: { uri: [`s3://${DATA}/sales/../tickets/a.csv`, `s3://${DATA}/tickets/a.csv`] },
      steps: [{ map: { module: 'clean.ts', output: { a: 'INTEGER' } } }, { filter: 'random() > 1' }],
      deadline: '2026-01-01T00:00:00Z',
    };
    expect(await tell(eventOf(key, await upload(key, JSON.stringify(spec))))).toEqual([]);
    const problems = (await rejectionOf(key))?.error.problems ?? [];
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'deadline',
      'input.uri[0]',
      'input.uri[1]',
      'output.uri',
      'steps[0].map.module',
      'steps[1].filter',
    ]);
  });

  it.each([
    ['not YAML', 'a: [', 'SpecError'],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00]), 'SpecError'],
    ['nothing', '', 'SpecError'],
    ['more than a spec may have', new Uint8Array(SPEC_LIMITS.documentBytes + 1).fill(0x20), 'SpecError'],
  ])('is rejected for %s', async (what, body, name) => {
    const key = `inbox/${what}.yaml`;
    expect(await tell(eventOf(key, await upload(key, body)))).toEqual([]);
    expect((await rejectionOf(key))?.error.name).toBe(name);
  });

  it('is nothing where it is gone, was replaced, is elsewhere or no spec', async () => {
    const body = JSON.stringify({ ...SPEC, name: 'nothing' });
    const old = await upload('inbox/replaced.json', JSON.stringify({ ...SPEC, name: 'other' }));
    await upload('inbox/replaced.json', body);
    const etag = await upload('elsewhere/a.json', body);
    await upload('inbox/a.csv', body);
    const events = [
      eventOf('inbox/gone.json', etag),
      eventOf('inbox/replaced.json', old),
      eventOf('elsewhere/a.json', etag),
      eventOf('inbox/a.csv', etag),
      eventOf('inbox/a.json', etag, { bucket: 'daybreak-blocks' }),
    ];
    const jobs = await listJobs(deployment.store);
    expect(await tell(...events)).toEqual([]);
    expect(await listJobs(deployment.store)).toEqual(jobs);
    for (const key of ['inbox/gone.json', 'inbox/replaced.json', 'elsewhere/a.json', 'inbox/a.csv'])
      expect(await rejectionOf(key)).toBeUndefined();
  });
});
