/**
 * The command against a deployment whose jobs never end: what it sends and what it refuses. What it says of jobs that
 * run is in stack/command.test.ts.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../functions/contract/failures.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { readModule } from '../../functions/io/modules/store-module.ts';
import { readState } from '../../functions/io/put-once.ts';
import { type Ended, NODE, startProcess } from '../flow/daybreak-process.ts';
import { DATA, type HandMade, openHandMade, pumpQueue } from './open-deployment.ts';

const COMMAND = join(import.meta.dirname, '../../cli/daybreak.ts');

let deployment: HandMade;
let folder: string;
beforeAll(async () => {
  deployment = await openHandMade({ api: { inputs: [], outputs: [] }, inboxes: [] });
  folder = await mkdtemp(join(tmpdir(), 'daybreak-submit-'));
});
afterAll(async () => {
  await deployment.close();
  await rm(folder, { recursive: true, force: true });
});

type Run = { readonly env?: Readonly<Record<string, string>> };
const daybreak = (args: readonly string[], { env = deployment.env }: Run = {}): Promise<Ended> =>
  startProcess(NODE, [COMMAND, ...args], { cwd: folder, env, limitSeconds: 120 }).ended;

const IN_STACK = ['--stack', 'Daybreak'];

const writeSpec = async (file: string, more: object = {}): Promise<string> => {
  const spec = {
    name: 'themes',
    input: { uri: `s3://${DATA}/tickets/*.csv` },
    steps: [{ filter: 'a > 1' }],
    output: { uri: `s3://${DATA}/results/themes` },
    ...more,
  };
  await writeFile(join(folder, file), JSON.stringify(spec));
  return file;
};

const readTheJob = (job: string) =>
  readState(deployment.store, { key: KEYS.job.render({ job }), schema: Job });

const inputOf = async (name: string): Promise<unknown> => {
  const executionArn = `${deployment.stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  const { input = '' } = await deployment.sfn.send(new DescribeExecutionCommand({ executionArn }));
  return JSON.parse(input);
};

describe('daybreak submit', () => {
  it('gives the job to start, which starts its execution', async () => {
    const file = await writeSpec('a.json', { deadline: '2h' });
    const { exitCode, stdout, stderr } = await daybreak([
      'submit',
      file,
      ...IN_STACK,
      '--map-tasks',
      '7',
      '--set',
      'name=changed',
    ]);
    expect([exitCode, stderr]).toEqual([EXIT_CODES.done, '']);
    const [, id = ''] = /^job (changed-\d{8}t\d{6}-[0-9a-f]{8})$/m.exec(stdout) ?? [];
    expect(stdout).toContain(`\`daybreak watch ${id} --stack Daybreak\``);
    expect(await readTheJob(id)).toBeUndefined();
    expect(await pumpQueue(deployment)).toEqual([]);
    const job = await readTheJob(id);
    expect(job).toMatchObject({ job: id, tasks: { map: 7 }, spec: { name: 'changed' } });
    expect(job?.baseDir).toBeUndefined();
    expect(Date.parse(job?.deadlineAt ?? '') - Date.parse(job?.submittedAt ?? '')).toBe(7_200_000);
    expect(await inputOf(`${id}-0001-1`)).toEqual({ job: id, go: 1, reopened: 0 });
  });

  it('is one job for one idempotency key, and refuses another spec under it', async () => {
    const file = await writeSpec('once.json');
    const submit = (...more: string[]) =>
      daybreak(['submit', file, ...IN_STACK, '--json', '--idempotency-key', 'order 17', ...more]);
    const first = JSON.parse((await submit()).stdout);
    await pumpQueue(deployment);
    const again = await submit();
    expect([again.exitCode, JSON.parse(again.stdout)]).toEqual([EXIT_CODES.done, first]);
    expect(await pumpQueue(deployment)).toEqual([]);
    const { exitCode, stderr } = await submit('--set', 'errors.max_rejects=5');
    expect([exitCode, stderr]).toEqual([
      EXIT_CODES.refused,
      expect.stringMatching(/^JobExistsError: there is already a job themes-/),
    ]);
  });

  it('refuses an id that is taken, and an id beside a key', async () => {
    const file = await writeSpec('a.json');
    expect((await daybreak(['submit', file, ...IN_STACK, '--id', 'mine'])).exitCode).toBe(EXIT_CODES.done);
    await pumpQueue(deployment);
    const taken = await daybreak(['submit', file, ...IN_STACK, '--id', 'mine']);
    expect(taken.stderr).toMatch(/^JobExistsError: there is already a job mine$/m);
    const both = await daybreak(['submit', file, ...IN_STACK, '--id', 'x', '--idempotency-key', 'y']);
    expect([both.exitCode, both.stderr]).toEqual([
      EXIT_CODES.refused,
      expect.stringMatching(/^UsageError: --id and /),
    ]);
  });

  it('puts the bundle of a module into the job before the job is there', async () => {
    await mkdir(join(folder, 'code'), { recursive: true });
    await writeFile(join(folder, 'code/double.ts'), 'export const twice = (n: number): number => 2 * n;\n');
    await writeFile(
      join(folder, 'clean.ts'),
      "import { twice } from './code/double.ts';\nexport default (row: { a: number }) => ({ a: twice(row.a) });\n",
    );
    const file = await writeSpec('m.json', {
      steps: [{ map: { module: './clean.ts', output: { a: 'INTEGER' } } }],
    });
    const { job } = JSON.parse((await daybreak(['submit', file, ...IN_STACK, '--json'])).stdout);
    const body = await pumpedJob(job);
    const sha256 = body?.modules?.['./clean.ts'] ?? '';
    const code = new TextDecoder().decode(await readModule(deployment.store, { job, sha256 }));
    expect(code).toContain('twice');
    expect(code).not.toContain('./code/double.ts"');
  });

  const pumpedJob = async (job: string) => {
    for await (const { key } of deployment.store.list(`jobs/${job}/`)) expect(key).toContain('/modules/');
    await pumpQueue(deployment);
    return readTheJob(job);
  };

  it('refuses what it can see, all of it, before it asks AWS for anything', async () => {
    const file = await writeSpec('bad.json', {
      input: { uri: 'local.csv' },
      output: { uri: 'out' },
      steps: [{ filter: 'random() > 1' }],
      budget: '5 USD',
    });
    const { exitCode, stderr } = await daybreak(['submit', file, '--region', 'nowhere'], { env: {} });
    expect(exitCode).toBe(EXIT_CODES.refused);
    expect(stderr).toMatch(/^SubmissionError: the job cannot be submitted \(4 problems\)$/m);
    expect(stderr).toMatch(/bad\.json:1:\d+ {2}input\.uri: "local\.csv" is a path of one machine/);
    expect(stderr).toContain('aws s3 cp');
  });

  it('refuses a list of inputs that no message holds', async () => {
    const uri = Array.from({ length: 6_000 }, (_, index) => `s3://${DATA}/${'x'.repeat(40)}/${index}.csv`);
    const { exitCode, stderr } = await daybreak([
      'submit',
      await writeSpec('long.json', { input: { uri } }),
      ...IN_STACK,
    ]);
    expect([exitCode, stderr]).toEqual([
      EXIT_CODES.refused,
      expect.stringMatching(/^LimitError: .*name a folder or a pattern/),
    ]);
  });
});

describe('a deployment that cannot be used', () => {
  /** Nothing of the SDK's own chain finds credentials or a region here. */
  const runAsNobody = (args: readonly string[]): Promise<Ended> => {
    const env = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: join(tmpdir(), 'no-such-config'),
      AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), 'no-such-credentials'),
    };
    const without = Object.keys(deployment.env).flatMap((name) => ['-u', name]);
    const command = [...without, NODE, COMMAND, ...args];
    return startProcess('env', command, { cwd: folder, env, limitSeconds: 120 }).ended;
  };
  const expectRefusal = ({ exitCode, stderr }: Ended, sentence: RegExp): void => {
    expect(stderr).toMatch(/^DeploymentError: /);
    expect(stderr.split('\n')[0]).toMatch(sentence);
    expect(exitCode).toBe(EXIT_CODES.refused);
  };

  it.each([
    ['another stack', ['--stack', 'Missing'], /there is no stack Missing in us-east-1/],
    [
      'a stack that is none of ours',
      ['--stack', 'Other'],
      /the stack Other .* is no deployment of this version: it has no output BlocksBucketName/,
    ],
    [
      'nobody who answers',
      ['--endpoint', 'http://127.0.0.1:9'],
      /no answer to cloudformation:DescribeStacks came from us-east-1 \(ECONNREFUSED\)/,
    ],
    ['a region that is none', ['--region', 'not a region'], /the region cannot be used: .*not a region/],
  ])('is told by name: %s', async (_, where, sentence) => {
    expectRefusal(await daybreak(['jobs', ...where]), sentence);
  });

  it.each([
    ['nobody who asks', ['--region', 'us-east-1'], /no credentials were found/],
    ['a profile that is not there', ['--region', 'us-east-1', '--profile', 'x'], /no credentials were found/],
    ['no region', IN_STACK, /no region is known; give --region/],
  ])('is told by name: %s', async (_, where, sentence) => {
    expectRefusal(await runAsNobody(['jobs', ...where]), sentence);
  });
});

describe('the jobs of a deployment', () => {
  const submit = async (id: string): Promise<void> => {
    await daybreak(['submit', await writeSpec('a.json'), ...IN_STACK, '--id', id]);
    await pumpQueue(deployment);
  };
  it('are listed and shown as those of a work folder, by the stack or by DAYBREAK_STACK', async () => {
    await submit('shown');
    const env = { ...deployment.env, DAYBREAK_STACK: 'Daybreak' };
    const list = JSON.parse((await daybreak(['jobs', '--json'], { env })).stdout);
    expect(list).toEqual(
      expect.arrayContaining([expect.objectContaining({ job: 'shown', state: 'running' })]),
    );
    expect((await daybreak(['status', 'shown', ...IN_STACK])).stdout).toBe('job shown: running\n');
    const unknown = await daybreak(['status', 'nobody', ...IN_STACK]);
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      EXIT_CODES.refused,
      expect.stringMatching(/^JobNotFoundError: there is no job "nobody"\n.*--stack/),
    ]);
  });

  it('have no report before they end', async () => {
    await submit('early');
    const { exitCode, stderr } = await daybreak(['report', 'early', ...IN_STACK]);
    expect([exitCode, stderr]).toEqual([
      EXIT_CODES.refused,
      expect.stringMatching(/^NoReportError: the job early is running and has no report yet/),
    ]);
  });
});
