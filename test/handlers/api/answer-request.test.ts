import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorReply, HttpEvent, type HttpReply, ROUTES } from '../../../functions/contract/api.ts';
import { SCOPES } from '../../../functions/contract/api-keys.ts';
import type { StartMessage } from '../../../functions/contract/start-message.ts';
import { answerRequest } from '../../../functions/handlers/api/answer-request.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { readModule } from '../../../functions/io/modules/store-module.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { putReport } from '../../../functions/stages/build-report.ts';
import { submitJob } from '../../../functions/stages/dispatch/submit-job.ts';
import { fakeExecutions } from '../../stages/dispatch/fake-executions.ts';

const KEY_ID = 'dbk_0123456789abcdef';
let folder: string;
let store: ObjectStore;
let sent: StartMessage[];
let now = new Date('2026-11-28T12:00:00.000Z');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-api-'));
  store = await openFileStore(folder);
  sent = [];
  now = new Date('2026-11-28T12:00:00.000Z');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Ask = {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly scopes?: string;
  readonly store?: ObjectStore;
  readonly base64?: boolean;
};

/** What the bodies of these replies hold, field by field. */
type Body = {
  readonly job: string;
  readonly status: string;
  readonly next?: string;
  readonly jobs: readonly { readonly job: string }[];
  readonly error: ErrorReply['error'];
};

let drawn = 0;
const drawDigits = (bytes: number): string => {
  drawn += 1;
  return String(drawn).padStart(2 * bytes, '0');
};

const ask = async (routeKey: string, options: Ask = {}): Promise<HttpReply & { readonly json: Body }> => {
  const event = HttpEvent.parse({
    version: '2.0',
    routeKey,
    headers: options.headers ?? {},
    queryStringParameters: options.query,
    pathParameters: options.job === undefined ? undefined : { job: options.job },
    body: options.body,
    isBase64Encoded: options.base64 ?? false,
    requestContext: {
      requestId: 'request-1',
      domainName: 'api.example',
      authorizer: { lambda: { keyId: KEY_ID, scopes: options.scopes ?? SCOPES.join(' ') } },
    },
  });
  const world = {
    store: options.store ?? store,
    now: () => now,
    uris: { inputs: ['s3://data/'], outputs: ['s3://data/results/'] },
    random: drawDigits,
    send: async (message: StartMessage) => {
      sent.push(message);
    },
  };
  const { reply } = await answerRequest(world, event);
  expect(reply.headers['content-type']).toBe('application/json');
  return { ...reply, json: JSON.parse(reply.body) as Body };
};

/** What `start` does with what was sent. */
const take = async (): Promise<void> => {
  const context = { store, executions: fakeExecutions(), now: () => now, mostJobs: 2 };
  for (const message of sent.splice(0)) if (message.kind === 'submit') await submitJob(context, message.job);
};

const SPEC = {
  name: 'themes',
  input: { uri: 's3://data/tickets/*.csv' },
  steps: [{ filter: 'a > 1' }],
  output: { uri: 's3://data/results/themes' },
};
const JSON_TYPE = { 'content-type': 'application/json' };
const post = (spec: object, more: Ask = {}) =>
  ask('POST /jobs', { body: JSON.stringify(spec), ...more, headers: { ...JSON_TYPE, ...more.headers } });

describe('POST /jobs', () => {
  it.each(['POST /jobs', 'POST /start'])('takes a spec as JSON: %s', async (route) => {
    const { statusCode, json, headers } = await ask(route, {
      body: JSON.stringify(SPEC),
      headers: JSON_TYPE,
    });
    expect(statusCode).toBe(202);
    expect(json.job).toMatch(/^themes-20261128t120000-\d{8}$/);
    expect(json.status).toBe(`https://api.example/jobs/${json.job}`);
    expect(headers.location).toBe(json.status);
    expect(sent).toMatchObject([
      {
        kind: 'submit',
        job: { job: json.job, submittedBy: `api: ${KEY_ID}`, submittedAt: now.toISOString() },
      },
    ]);
  });

  it.each(['application/yaml', 'text/yaml; charset=utf-8', 'application/x-yaml'])(
    'takes a spec as YAML by its content type: %s',
    async (type) => {
      const body = 'name: a\ninput: { uri: s3://data/x.csv }\noutput: { uri: s3://data/results/a }\n';
      const base64 = Buffer.from(body).toString('base64');
      expect((await ask('POST /jobs', { body, headers: { 'content-type': type } })).statusCode).toBe(202);
      const encoded = { body: base64, base64: true, headers: { 'content-type': type } };
      expect((await ask('POST /jobs', encoded)).statusCode).toBe(202);
    },
  );

  it('makes two jobs of two equal requests, and one of two with the same key', async () => {
    const ids = [await post(SPEC), await post(SPEC)].map(({ json }) => json.job);
    expect(new Set(ids).size).toBe(2);
    const headers = { 'idempotency-key': 'order-17' };
    const [first, second] = [await post(SPEC, { headers }), await post(SPEC, { headers })];
    expect(first.json.job).toBe(second.json.job);
    const other = await post(SPEC, { headers: { 'idempotency-key': 'order-18' } });
    expect(other.json.job).not.toBe(first.json.job);
  });

  it('answers a request that comes again as before, without a message, though its deadline has passed', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    const spec = { ...SPEC, deadline: '2026-11-28T13:00:00Z' };
    const { json } = await post(spec, { headers });
    await take();
    now = new Date('2026-11-28T14:00:00.000Z');
    expect(await post(spec, { headers })).toMatchObject({ statusCode: 202, json: { job: json.job } });
    expect(sent).toEqual([]);
    expect((await post(spec)).statusCode).toBe(400);
  });

  it('answers 409 where another spec came under the same key', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    await post(SPEC, { headers });
    await take();
    const { statusCode, json } = await post({ ...SPEC, steps: [] }, { headers });
    expect([statusCode, json.error.name]).toEqual([409, 'JobExistsError']);
    expect(sent).toEqual([]);
  });

  it('answers 400 with all problems of a spec that does not parse, with the place of each', async () => {
    const body = 'name: A\ninput: {}\noutptu: { uri: x }\n';
    const { statusCode, json } = await ask('POST /jobs', { body, headers: { 'content-type': 'text/yaml' } });
    expect(statusCode).toBe(400);
    expect(ErrorReply.parse(json).error).toMatchObject({
      name: 'SpecError',
      message: expect.stringMatching(/^the spec is not valid/),
    });
    const places = json.error.problems.map(({ path, line, column }) => [path, line, column]);
    expect(places).toEqual(
      expect.arrayContaining([
        ['name', 1, 7],
        ['outptu', 3, 1],
      ]),
    );
    expect(json.error.problems.find(({ path }) => path === 'outptu')?.suggestion).toBe('output');
  });

  it('answers 400 with all that can be seen without the data, at once', async () => {
    const { statusCode, json } = await post({
      ...SPEC,
      input: { uri: ['s3://data/a.csv', 's3://other/x.csv'] },
      steps: [{ filter: 'random() > 1' }, { extend: { b: 'a +' } }],
      output: { uri: 's3://data/in/x' },
      deadline: '2026-01-01T00:00:00Z',
      budget: '5 USD',
    });
    expect(statusCode).toBe(400);
    expect(json.error.name).toBe('SubmissionError');
    expect(json.error.problems.map(({ path }) => path).sort()).toEqual([
      'budget',
      'deadline',
      'input.uri[1]',
      'output.uri',
      'steps[0].filter',
      'steps[1].extend.b',
    ]);
    expect(json.error.problems.every(({ line }) => line === 1)).toBe(true);
    expect(sent).toEqual([]);
  });

  it.each([
    ['415 without a content type', {}, '{}', 415],
    ['415 for what curl sends by itself', { 'content-type': 'application/x-www-form-urlencoded' }, '{}', 415],
    ['400 for an empty body', JSON_TYPE, '', 400],
    ['400 for what is no JSON', JSON_TYPE, 'name: a', 400],
    ['400 for a key with a blank', { ...JSON_TYPE, 'idempotency-key': 'a b' }, JSON.stringify(SPEC), 400],
    ['400 for an empty key', { ...JSON_TYPE, 'idempotency-key': '' }, JSON.stringify(SPEC), 400],
    ['413 for a long body', JSON_TYPE, JSON.stringify({ ...SPEC, name: 'a'.repeat(1_048_577) }), 413],
    ['400 for bytes that are no UTF-8', JSON_TYPE, Buffer.from([0x7b, 0xff]).toString('latin1'), 400],
  ])('answers %s', async (_, headers, body, status) => {
    const { statusCode, json } = await ask('POST /jobs', { headers, body });
    expect(statusCode).toBe(status);
    expect(ErrorReply.parse(json).error.message).not.toBe('');
    expect(sent).toEqual([]);
  });

  it('answers 413 where the message to the queue would be too large', async () => {
    const uri = Array.from({ length: 5_000 }, (_, index) => `s3://data/${'x'.repeat(50)}/${index}.csv`);
    const { statusCode, json } = await post({ ...SPEC, input: { uri } });
    expect(statusCode).toBe(413);
    expect(json.error.message).toContain('name a folder or a pattern');
  });
});

describe('modules over the API', () => {
  const spec = { ...SPEC, steps: [{ map: { module: './clean.ts', output: { a: 'INTEGER' } } }] };
  const form = async (fields: Readonly<Record<string, string | File>>): Promise<Ask> => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.append(name, value);
    const encoded = new Response(data);
    const body = Buffer.from(await encoded.arrayBuffer()).toString('base64');
    return { body, base64: true, headers: { 'content-type': encoded.headers.get('content-type') ?? '' } };
  };
  const code = 'export default (row) => row; // é\n';
  const specFile = new File([JSON.stringify(spec)], 'spec.json');

  it('come in a form beside the spec, and are stored before the job is sent', async () => {
    const { statusCode, json } = await ask(
      'POST /jobs',
      await form({ spec: specFile, './clean.ts': new File([code], 'x.mjs') }),
    );
    expect([statusCode, json.error]).toEqual([202, undefined]);
    const [message] = sent;
    const sha256 = message?.kind === 'submit' ? message.job.modules?.['./clean.ts'] : undefined;
    const stored = await readModule(store, { job: json.job, sha256: sha256 ?? '' });
    expect(Buffer.from(stored).toString()).toBe(code);
  });

  it('need the scope modules', async () => {
    const scopes = 'submit read cancel';
    const replies = [
      await post(spec, { scopes }),
      await ask('POST /jobs', { ...(await form({ spec: specFile, './clean.ts': code })), scopes }),
      await ask('POST /jobs', { ...(await form({ spec: JSON.stringify(SPEC), 'x.ts': code })), scopes }),
    ];
    expect(replies.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403]);
  });

  it('are refused where the spec and the form do not name the same', async () => {
    const missing = await post(spec);
    expect(missing.json.error.problems).toMatchObject([{ path: 'steps[0].map.module' }]);
    const odd = await ask('POST /jobs', await form({ spec: specFile, './clean.ts': code, 'other.ts': code }));
    expect(odd.json.error.problems).toMatchObject([
      { path: '', message: expect.stringContaining('"other.ts"') },
    ]);
  });

  it('are refused in a form that is none', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const reply = await ask('POST /jobs', { headers, body: '--y\r\n\r\nz' });
    expect([reply.statusCode, reply.json.error.name]).toEqual([400, 'RequestError']);
    expect((await ask('POST /jobs', await form({ other: 'x' }))).json.error.message).toContain(
      'no field "spec"',
    );
  });
});

describe('scopes', () => {
  const NEEDED: Readonly<Record<(typeof ROUTES)[number], string>> = {
    'POST /jobs': 'submit',
    'POST /start': 'submit',
    'GET /jobs': 'read',
    'GET /jobs/{job}': 'read',
    'GET /jobs/{job}/report': 'read',
    'POST /jobs/{job}/cancel': 'cancel',
    'POST /jobs/{job}/resume': 'submit',
  };

  it.each(ROUTES)('let nobody without its scope: %s', async (route) => {
    const scopes = SCOPES.filter((scope) => scope !== NEEDED[route]).join(' ');
    for (const others of [scopes, '', 'submitread', 'SUBMIT READ CANCEL', 'all']) {
      const { statusCode, json } = await ask(route, { scopes: others, job: 'one' });
      expect([statusCode, json.error.name]).toEqual([403, 'ForbiddenError']);
      expect(json.error.message).toContain(NEEDED[route]);
    }
    expect((await ask(route, { scopes: NEEDED[route] ?? '', job: 'one' })).statusCode).not.toBe(403);
  });
});

describe('the jobs there are', () => {
  const submit = async (name: string): Promise<string> => {
    const { json } = await post({ ...SPEC, name });
    await take();
    return json.job;
  };
  const report = (job: string) => ({
    job,
    run: '0001',
    name: 'themes',
    outcome: 'refused' as const,
    submittedAt: now.toISOString(),
    finishedAt: now.toISOString(),
    seconds: 1,
    rows: { read: 0, written: 0, rejected: 0 },
    stages: [],
    output: { uri: 's3://data/results/themes', format: 'parquet', parts: 0, sizeBytes: 0, columns: [] },
    failure: { name: 'InputNotFoundError', message: 'no file' },
  });

  it('come in pages that leave none out and give none twice', async () => {
    const ids = [];
    for (const name of ['b', 'a', 'a-b', 'c', 'a-a']) ids.push(await submit(name));
    const seen: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const { json } = await ask('GET /jobs', {
        query: { limit: '2', ...(after === undefined ? {} : { after }) },
      });
      seen.push(...json.jobs.map(({ job }) => job));
      after = json.next;
      pages += 1;
    } while (after !== undefined);
    expect(pages).toBe(3);
    expect(seen).toEqual(ids.toSorted());
    const { json } = await ask('GET /jobs');
    expect(json.next).toBeUndefined();
    expect(json.jobs[0]).toMatchObject({ name: 'a', state: 'waiting', output: SPEC.output.uri });
  });

  it.each([{ limit: '0' }, { limit: '101' }, { limit: 'x' }, { after: '../x' }, { page: '2' }])(
    'are refused for the query %j',
    async (query) => {
      expect((await ask('GET /jobs', { query })).statusCode).toBe(400);
    },
  );

  it('hide none behind one that is damaged', async () => {
    const job = await submit('a');
    await store.put('jobs/broken/job.json', new TextEncoder().encode('{'));
    const { json } = await ask('GET /jobs');
    expect(json.jobs).toMatchObject([
      { job, state: 'waiting' },
      { job: 'broken', state: 'unreadable' },
    ]);
    expect(await ask('GET /jobs/{job}', { job: 'broken' })).toMatchObject({
      statusCode: 500,
      json: { error: { name: 'StateError' } },
    });
  });

  it('are those that `start` has taken, and not those whose modules alone are there', async () => {
    const job = await submit('a');
    await store.put('jobs/coming/modules/0.mjs', new TextEncoder().encode(''));
    const { statusCode, json } = await ask('GET /jobs');
    expect([statusCode, json.jobs.map((each: { job: string }) => each.job)]).toEqual([200, [job]]);
  });

  it('are shown one by one as the command does', async () => {
    const job = await submit('a');
    const { statusCode, json } = await ask('GET /jobs/{job}', { job });
    expect(statusCode).toBe(200);
    expect(json).toMatchObject({ job, state: 'waiting', stages: [] });
  });

  it.each(['nobody', '', '..', 'A', 'a/b', 'a'.repeat(64)])('answer 404 for %j', async (job) => {
    for (const route of ROUTES.filter((each) => each.includes('{job}'))) {
      const { statusCode, json } = await ask(route, { job });
      expect([statusCode, json.error.name]).toEqual([404, 'JobNotFoundError']);
    }
  });

  it('have a report when they have ended, and 404 before', async () => {
    const job = await submit('a');
    const before = await ask('GET /jobs/{job}/report', { job });
    expect([before.statusCode, before.json.error.name]).toEqual([404, 'NoReportError']);
    await putReport(store, report(job));
    expect(await ask('GET /jobs/{job}/report', { job })).toMatchObject({
      statusCode: 200,
      json: report(job),
    });
    expect((await ask('GET /jobs/{job}/report', { job, query: { format: 'html' } })).statusCode).toBe(400);
  });

  it('go on by a message', async () => {
    const job = await submit('a');
    expect(await ask('POST /jobs/{job}/resume', { job })).toMatchObject({ statusCode: 202, json: { job } });
    expect(sent).toEqual([{ kind: 'resume', job }]);
  });
});

describe('a failure of ours', () => {
  it('is told without a stack or a reason, and where its log is', async () => {
    const broken = { ...store, get: () => Promise.reject(new TypeError('secret of the house')) };
    const { statusCode, body, json } = await ask('GET /jobs/{job}', { job: 'one', store: broken });
    expect([statusCode, json.error.name]).toEqual([500, 'InternalError']);
    expect(body).toContain('request-1');
    expect(body).not.toMatch(/secret|TypeError| at /);
  });
});
