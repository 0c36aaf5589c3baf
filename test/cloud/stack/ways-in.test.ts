/**
 * Law: whichever way a job comes into the stack, it is one job and ends with its rows, told the same by the API; and
 * nobody asks the API without a key that has the scope. The only file that uses the API: who makes a key while others
 * ask waits for a minute.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ROUTES, type Route } from '../../../functions/contract/api.ts';
import { SCOPES, type Scope } from '../../../functions/contract/api-keys.ts';
import { Rejection } from '../../../functions/contract/rejection.ts';
import { orderFault, withdrawFault } from '../../emulator/emulator-door.ts';
import type { SpecText } from '../../flow/job-folder.ts';
import {
  COUNT,
  countedSpec,
  DOUBLE,
  DOUBLE_MODULE,
  jobsNamed,
  putNumbers,
  requireCounted,
} from './counted.ts';
import { readLog } from './function-log.ts';
import { openStack, type Stack } from './open-stack.ts';
import { type ApiReply, type ApiRequest, askApi } from './stack-api.ts';
import { daybreakThere } from './stack-command.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const YAML_TYPE = { 'content-type': 'application/yaml' };
const WITH_MODULE = { steps: [DOUBLE, COUNT] };
/** What the authorizer and the gateway remember, a minute each, and a loaded machine. */
const REVOKED_WITHIN_MS = 150_000;

let stack: Stack;
let folder: string;
let keyOf: Readonly<Record<'all' | 'revoked' | Scope, string>>;

const ask = (route: Route, request: ApiRequest = {}): Promise<ApiReply> =>
  askApi(stack.facts, route, { key: keyOf.all, ...request });

const daybreak = async (...args: string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await daybreakThere(stack.facts, args, { cwd: folder });
  expect(exitCode, stderr).toBe(0);
  return stdout.trim();
};

const createKey = (scopes: readonly Scope[]): Promise<string> =>
  daybreak('keys', 'create', '--label', 'tests', '--scope', scopes.join(','));

const post = async (request: ApiRequest, route: Route = 'POST /jobs'): Promise<string> => {
  const { status, body, headers } = await ask(route, request);
  expect({ status, body }).toEqual({
    status: 202,
    body: { job: expect.any(String), status: expect.any(String) },
  });
  const accepted = body as { readonly job: string; readonly status: string };
  expect(accepted.status).toMatch(new RegExp(`^https://.*/jobs/${accepted.job}$`));
  expect(headers.get('location')).toBe(accepted.status);
  return accepted.job;
};

const submit = async (spec: SpecText, ...args: string[]): Promise<string> => {
  const file = path.join(folder, `${spec.name}.json`);
  await writeFile(file, JSON.stringify(spec));
  return JSON.parse(await daybreak('submit', file, '--json', ...args)).job;
};

const upload = (key: string, spec: string): Promise<void> => stack.putData(`inbox/${key}`, spec);
const uploadedJob = (name: string): Promise<string> =>
  stack.waitUntil(`a job of the upload ${name}`, async () => (await jobsNamed(stack, name))[0]);

const formOf = (spec: SpecText): FormData => {
  const form = new FormData();
  form.append('spec', new File([stringify(spec)], 'job.yaml'));
  form.append('./double.js', new File([DOUBLE_MODULE], 'double.mjs'));
  return form;
};

type Way = {
  readonly way: string;
  /** Of the job. */
  readonly name: string;
  readonly more?: SpecText;
  readonly factor?: number;
  /** Gives the job in, and gives its id. */
  readonly send: (spec: SpecText) => Promise<string>;
};

const WAYS: readonly Way[] = [
  {
    way: 'POST /jobs with JSON',
    name: 'way-json',
    send: (spec) => post({ headers: JSON_TYPE, body: JSON.stringify(spec) }),
  },
  {
    way: 'POST /start with YAML',
    name: 'way-yaml',
    send: (spec) => post({ headers: YAML_TYPE, body: stringify(spec) }, 'POST /start'),
  },
  {
    way: 'POST /jobs with a form that brings a module',
    name: 'way-form',
    more: WITH_MODULE,
    factor: 2,
    send: (spec) => post({ body: formOf(spec) }),
  },
  {
    way: 'an upload of YAML',
    name: 'way-upload',
    send: async (spec) => {
      await upload(`a folder/way ünïcode.yaml`, stringify(spec));
      return uploadedJob('way-upload');
    },
  },
  { way: 'daybreak submit', name: 'way-submit', send: (spec) => submit(spec) },
  {
    way: 'daybreak submit, which bundles the module',
    name: 'way-bundled',
    more: WITH_MODULE,
    factor: 2,
    send: (spec) => submit(spec),
  },
];

/** By their names: all are on their way from the start, and each test waits for its own. */
const sent = new Map<string, Promise<string>>();

beforeAll(async () => {
  stack = await openStack();
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-ways-'));
  await writeFile(path.join(folder, 'double.js'), DOUBLE_MODULE);
  const without = (scope: Scope) => createKey(SCOPES.filter((each) => each !== scope));
  const [all, revoked, submitted, read, cancel, modules] = await Promise.all([
    createKey(SCOPES),
    createKey(SCOPES),
    ...(['submit', 'read', 'cancel', 'modules'] as const).map(without),
    putNumbers(stack),
  ]);
  keyOf = { all, revoked, submit: submitted, read, cancel, modules } as typeof keyOf;
  for (const { name, more, send } of WAYS) sent.set(name, send(countedSpec(stack, name, more)));
  // Who waits for it hears of it.
  for (const each of sent.values()) each.catch(() => {});
  expect((await ask('GET /jobs', { key: keyOf.revoked })).status).toBe(200);
  await daybreak('keys', 'revoke', keyOf.revoked.split('.')[0] ?? '');
});
afterAll(async () => {
  const ids = Object.values(keyOf).flatMap((key) => (key === keyOf.revoked ? [] : [key.split('.')[0] ?? '']));
  await daybreak('keys', 'revoke', ...ids);
  stack.close();
  await rm(folder, { recursive: true, force: true });
});

/** Until the API says that it has ended; the words that it said on the way, each once. */
const followByApi = async (job: string): Promise<readonly string[]> => {
  const words = new Set<string>();
  await stack.waitUntil(`the end of ${job} by the API`, async () => {
    const { status, body } = await ask('GET /jobs/{job}', { job });
    // Before `start` has taken it.
    if (status === 404) return undefined;
    expect(status).toBe(200);
    const { state } = body as { readonly state: string };
    words.add(state);
    return ['published', 'partial', 'failed', 'refused', 'cancelled'].includes(state) ? state : undefined;
  });
  return [...words];
};

/** All jobs, in small pages. */
const listByApi = async (after?: string): Promise<readonly { readonly job: string }[]> => {
  const query = { limit: '20', ...(after === undefined ? {} : { after }) };
  const { jobs, next } = (await ask('GET /jobs', { query })).body as {
    readonly jobs: readonly { readonly job: string }[];
    readonly next?: string;
  };
  return next === undefined ? jobs : [...jobs, ...(await listByApi(next))];
};

describe('a job', () => {
  it.each(WAYS)('ends with its rows, told by the API from its beginning to its end: $way', async (way) => {
    const job = (await sent.get(way.name)) ?? '';
    const words = await followByApi(job);
    const order = ['waiting', 'running', 'publishing', 'published'];
    expect(words).toEqual(order.filter((word) => words.includes(word)));
    const { report } = await requireCounted(stack, job, way.factor);
    expect((await ask('GET /jobs/{job}/report', { job })).body).toEqual(report);
    expect(await listByApi()).toContainEqual(
      expect.objectContaining({ job, name: way.name, state: 'published', rows: report?.rows }),
    );
    expect(await jobsNamed(stack, way.name)).toEqual([job]);
  });
});

describe('the same request', () => {
  const once = (spec: SpecText, requestKey = 'order-17'): ApiRequest => ({
    headers: { ...JSON_TYPE, 'idempotency-key': requestKey },
    body: JSON.stringify(spec),
  });

  it('under one idempotency key is one job, five times at once and later, and another one is refused', async () => {
    const spec = countedSpec(stack, 'once');
    const door = { endpoint: stack.facts.endpoint ?? '' };
    // None of the five finds the job of another: each is a message.
    const fault = await orderFault(door, {
      target: 'lambda',
      kind: 'hold',
      function: '*FunctionsStartFunction*',
      says: 'results/once/',
      afterSeconds: 30,
      times: 5,
    });
    const jobs = await Promise.all(Array.from({ length: 5 }, () => post(once(spec))));
    await withdrawFault(door, fault);
    const [job = ''] = jobs;
    expect(new Set(jobs)).toEqual(new Set([job]));
    await requireCounted(stack, job);
    expect(await post(once(spec))).toBe(job);
    await stack.waitUntil('five messages at start', async () => {
      const lines = (await readLog(stack.facts, 'Start')).filter((line) => line.job === job);
      return lines.filter(({ message }) => message === 'submitted').length >= 5 ? true : undefined;
    });
    expect(await jobsNamed(stack, 'once')).toEqual([job]);
    expect(await stack.hasExecution(`${job}-0001-2`)).toBe(false);
    const other = await ask('POST /jobs', once({ ...spec, steps: [] }));
    expect(other).toMatchObject({ status: 409, body: { error: { name: 'JobExistsError' } } });
  });

  it('without one is two jobs, of which the output has one', async () => {
    const request = { headers: JSON_TYPE, body: JSON.stringify(countedSpec(stack, 'twice')) };
    const jobs = await Promise.all([post(request), post(request)]);
    expect(new Set(jobs).size).toBe(2);
    const ended = await Promise.all(jobs.map((job) => stack.waitFor(job)));
    expect(ended.map(({ word }) => word).sort()).toEqual(['published', 'refused']);
    const [published, refused] = [...ended].sort((left, right) => (left.word < right.word ? -1 : 1));
    await requireCounted(stack, published?.job.job ?? '');
    expect(refused?.report?.failure?.name).toMatch(/^Output(Exists|Claimed)Error$/);
  });
});

describe('an upload', () => {
  /** What `start` logged of an upload. */
  const linesOf = async (key: string) =>
    (await readLog(stack.facts, 'Start')).filter(({ upload: told }) => told === `inbox/${key}`);

  it('is one job though it is told twice at once, and the same bytes again are another', async () => {
    const key = 'told-twice.json';
    const body = JSON.stringify(countedSpec(stack, 'told-twice'));
    await orderFault(
      { endpoint: stack.facts.endpoint ?? '' },
      { target: 'lambda', kind: 'twice', says: key },
    );
    await upload(key, body);
    await requireCounted(stack, await uploadedJob('told-twice'));
    await stack.waitUntil('the upload to be told twice', async () =>
      (await linesOf(key)).length >= 2 ? true : undefined,
    );
    expect(await jobsNamed(stack, 'told-twice')).toHaveLength(1);
    await upload(key, body);
    await stack.waitUntil('a second job', async () =>
      (await jobsNamed(stack, 'told-twice')).length === 2 ? true : undefined,
    );
  });

  it('that is no job is answered beside it with all its problems, and nothing comes of the answer', async () => {
    const spec = {
      name: 'bad-upload',
      input: { uri: [`s3://${stack.data}/other/a.csv`, `s3://${stack.data}/in/../b.csv`] },
      steps: [{ filter: 'random() > 1' }, DOUBLE],
      output: { uri: `s3://${stack.data}/elsewhere/` },
      deadline: '2026-01-01T00:00:00Z',
    };
    await upload('bad.json', JSON.stringify(spec, undefined, 1));
    const bytes = await stack.waitUntil('a rejection', async () =>
      (await stack.listData('inbox/bad.json.')).length > 0
        ? stack.getData('inbox/bad.json.rejected.json')
        : undefined,
    );
    const { key, error } = Rejection.parse(JSON.parse(new TextDecoder().decode(bytes)));
    expect([key, error.name]).toEqual(['inbox/bad.json', 'SubmissionError']);
    expect(error.problems.map(({ path: where, line }) => `${line} ${where}`)).toEqual([
      '5 input.uri[0]',
      '6 input.uri[1]',
      '11 steps[0].filter',
      '15 steps[1].map.module',
      '24 output.uri',
      '26 deadline',
    ]);
    await stack.waitUntil('start to pass over the answer', async () =>
      (await linesOf('bad.json.rejected.json')).find(({ message }) => message.endsWith('nothing to do')),
    );
    expect(await stack.listData('inbox/bad.json')).toEqual([
      'inbox/bad.json',
      'inbox/bad.json.rejected.json',
    ]);
    expect(await jobsNamed(stack, 'bad-upload')).toEqual([]);
  });
});

describe('a request that is no job', () => {
  it('is answered with all that the schema refuses, and where', async () => {
    const body = 'name: Bad Name\ninput: {}\nsteps:\n  - fliter: "a > 1"\noutptu: 1\n';
    const reply = await ask('POST /jobs', { headers: YAML_TYPE, body });
    expect(reply).toMatchObject({ status: 400, body: { error: { name: 'SpecError' } } });
    const { problems } = (reply.body as { readonly error: Rejection['error'] }).error;
    expect(problems.map(({ path: where, line, column }) => `${line}:${column} ${where}`)).toEqual([
      '1:1 output',
      '1:7 name',
      '2:1 input.uri',
      '4:5 steps[0]',
      '5:1 outptu',
    ]);
  });

  it('is answered with all that cannot run here, and where', async () => {
    const body = stringify({
      ...countedSpec(stack, 'no-job', { input: { uri: 'local.csv' } }),
      steps: [{ filter: 'random() > 1' }, { extend: { a: 'nothing(1)' } }],
      output: { uri: `s3://${stack.data}/in/` },
      deadline: '2026-01-01T00:00:00Z',
    });
    const reply = await ask('POST /jobs', { headers: YAML_TYPE, body });
    expect(reply).toMatchObject({ status: 400, body: { error: { name: 'SubmissionError' } } });
    const { problems } = (reply.body as { readonly error: Rejection['error'] }).error;
    expect(problems.map(({ path: where, line, column }) => `${line}:${column} ${where}`)).toEqual([
      '3:8 input.uri',
      '5:13 steps[0].filter',
      '7:10 steps[1].extend.a',
      '9:8 output.uri',
      '10:11 deadline',
    ]);
    expect(await jobsNamed(stack, 'no-job')).toEqual([]);
  });
});

/** Slow in all tasks but the first: time to be cancelled in. */
const SLOW_MODULE = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default async (row) => {
  if (row.v >= 1400n && row.v % 20n === 0n) await pause(60);
  return row;
};
`;

describe('a job that is cancelled by the API during map', () => {
  const submitSlow = async (name: string): Promise<string> => {
    await writeFile(path.join(folder, 'slow.js'), SLOW_MODULE);
    const slow = { module: './slow.js', output: { v: 'BIGINT', k: 'BIGINT' }, concurrency: 1 };
    const spec = countedSpec(stack, name, { steps: [{ map: slow }, COUNT] });
    return submit(spec, '--map-tasks', '3', '--reduce-tasks', '2');
  };
  const cancelInMap = async (name: string): Promise<string> => {
    const job = await submitSlow(name);
    await stack.waitUntil('a task of its map', async () => {
      const map = (await stack.read(job))?.stages[0];
      return map !== undefined && map.committed > 0 ? map : undefined;
    });
    const message = `job ${job} is cancelled; \`daybreak resume ${job}\` goes on with it`;
    expect(await ask('POST /jobs/{job}/cancel', { job })).toMatchObject({
      status: 200,
      body: { job, message },
    });
    expect((await ask('GET /jobs/{job}', { job })).body).toMatchObject({ state: 'cancelled' });
    expect(await stack.listData(`results/${name}/`)).toEqual([]);
    return job;
  };

  it('ends by itself, and its output is free for another', async () => {
    const job = await cancelInMap('freed');
    const body = JSON.stringify({ ...countedSpec(stack, 'freed'), name: 'takes-over' });
    await requireCounted(stack, await post({ headers: JSON_TYPE, body }));
    const execution = await stack.execution(`${job}-0001-1`);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'JobCancelledError' });
    expect((await ask('GET /jobs/{job}/report', { job })).body).toMatchObject({ outcome: 'cancelled' });
    // What another job published there stays what it is, and the one that came too late says why.
    expect((await ask('POST /jobs/{job}/resume', { job })).status).toBe(202);
    const report = await stack.waitUntil('the reason why it cannot go on', async () => {
      const { body: told } = await ask('GET /jobs/{job}/report', { job });
      const { failure } = told as { readonly failure?: { readonly name: string } };
      return failure?.name === 'OutputExistsError' ? told : undefined;
    });
    expect(report).toMatchObject({ outcome: 'cancelled' });
    expect((await ask('GET /jobs/{job}', { job })).body).toMatchObject({ state: 'cancelled' });
  });

  it('goes on when it is resumed, with what was committed', async () => {
    const job = await cancelInMap('goes-on');
    expect(await ask('POST /jobs/{job}/resume', { job })).toMatchObject({ status: 202, body: { job } });
    await stack.waitFor(job, ['published']);
    expect(await requireCounted(stack, job)).toMatchObject({ plan: { run: '0002' } });
    const again = await ask('POST /jobs/{job}/resume', { job });
    expect(again).toMatchObject({ status: 200, body: { message: `job ${job} is published already` } });
  });
});

describe('a route', () => {
  const SCOPE_OF: Readonly<Record<Route, Scope>> = {
    'POST /jobs': 'submit',
    'POST /start': 'submit',
    'GET /jobs': 'read',
    'GET /jobs/{job}': 'read',
    'GET /jobs/{job}/report': 'read',
    'POST /jobs/{job}/cancel': 'cancel',
    'POST /jobs/{job}/resume': 'submit',
  };

  it.each(ROUTES)('answers nobody without the right key: %s', async (route) => {
    const request = {
      job: 'nobody',
      headers: JSON_TYPE,
      ...(/jobs$|start$/.test(route) && route.startsWith('POST') ? { body: '{}' } : {}),
    };
    const [id = ''] = keyOf.all.split('.');
    const [, secret = ''] = keyOf.read.split('.');
    const without = await askApi(stack.facts, route, request);
    const wrong = await ask(route, { ...request, key: `${id}.${secret}` });
    const unknown = await ask(route, { ...request, key: `dbk_0000000000000000.${secret}` });
    expect([without.status, wrong.status, unknown.status]).toEqual([401, 403, 403]);
    const scope = SCOPE_OF[route];
    const { status, body } = await ask(route, { ...request, key: keyOf[scope] });
    expect({ status, body }).toEqual({
      status: 403,
      body: {
        error: { name: 'ForbiddenError', message: expect.stringContaining(`scope ${scope}`), problems: [] },
      },
    });
    expect([401, 403]).not.toContain((await ask(route, request)).status);
  });

  it('takes no code from a key without the scope modules', async () => {
    const spec = countedSpec(stack, 'no-modules', WITH_MODULE);
    const reply = await ask('POST /jobs', { key: keyOf.modules, body: formOf(spec) });
    expect(reply).toMatchObject({ status: 403, body: { error: { name: 'ForbiddenError' } } });
    expect(await jobsNamed(stack, 'no-modules')).toEqual([]);
  });

  it('answers nobody whose key was revoked, within two minutes', async () => {
    const endsAt = performance.now() + REVOKED_WITHIN_MS;
    await stack.waitUntil('the end of a key', async () => {
      expect(performance.now()).toBeLessThan(endsAt);
      return (await ask('GET /jobs', { key: keyOf.revoked })).status === 403 ? true : undefined;
    });
    for (const route of ROUTES)
      expect((await ask(route, { key: keyOf.revoked, job: 'nobody' })).status, route).toBe(403);
  });
});
