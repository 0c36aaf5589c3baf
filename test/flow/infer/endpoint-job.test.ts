/**
 * Law: a job whose rows go to an endpoint answers or rejects each of them, whatever the endpoint does; it ends by name
 * where the endpoint answers nobody, and goes on from there; its key is in nothing that it leaves or says.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Report } from '../../../functions/contract/report.ts';
import {
  chatReply,
  errorReply,
  lastMessage,
  type Script,
  type ScriptedEndpoint,
  startScriptedEndpoint,
} from '../../io/endpoints/scripted-endpoint.ts';
import { type Ended, lastLine, runDaybreak, startDaybreak, until } from '../daybreak-process.ts';
import { judgeOutput, listTree, onlyJob, outputRows, query, writeSpec } from '../job-folder.ts';

const KEY = 'sk-a-key-that-nobody-may-see';
const ROWS = 400;

let folder: string;
let out: string;
let server: ScriptedEndpoint | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-endpoint-job-'));
  out = join(folder, 'out');
  await query(
    `COPY (SELECT i AS id, 'row ' || i AS body, 'team' || i % 3 AS team FROM range(${ROWS}) t(i)) TO '${folder}/rows.parquet'`,
  );
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

const start = async (script: Script): Promise<Readonly<Record<string, string>>> => {
  server = await startScriptedEndpoint(script);
  return {
    DAYBREAK_ENDPOINT_MY_SERVER_URL: server.url,
    DAYBREAK_ENDPOINT_MY_SERVER_KEY: KEY,
    DAYBREAK_ENDPOINT_MY_SERVER_CONCURRENCY: '16',
    DAYBREAK_ENDPOINT_MY_SERVER_TIMEOUT: '1s',
    DAYBREAK_ENDPOINT_MY_SERVER_PRICE_IN: '0.5',
  };
};

const INFER = {
  infer: {
    engine: 'my-server',
    model: 'tiny',
    prompt: '{{ body }}',
    output: 'answer',
    sampling: { max_tokens: 8 },
  },
};

const specOf = (given: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  writeSpec(folder, {
    input: { uri: join(folder, 'rows.parquet') },
    steps: [INFER],
    output: { uri: out, format: 'parquet' },
    ...given,
  });

/** What the command said, and every byte that it left. */
const expectNoKey = ({ stdout, stderr }: Ended): void => {
  for (const text of [stdout, stderr]) expect(text).not.toContain(KEY);
  for (const name of listTree(folder).filter((each) => !each.endsWith('/')))
    expect(readFileSync(join(folder, name)).includes(KEY), name).toBe(false);
};

const answerOf = (text: string): string => `re: ${text.toUpperCase()}`;

/** Each row meets its fault once; some meet theirs each time, and are rejects. */
const faulty = (): Script => {
  const met = new Set<string>();
  return async (asked) => {
    const text = lastMessage(asked);
    const row = Number(text.slice(4));
    if (row % 50 === 7) return errorReply(400, { code: 'context_length_exceeded', message: `Bearer ${KEY}` });
    if (row % 50 === 8) return chatReply(null, { reason: 'content_filter' });
    const isFirst = !met.has(text);
    met.add(text);
    if (isFirst && row % 80 === 1) return errorReply(429, {}, { 'retry-after-ms': '20' });
    if (isFirst && row % 80 === 2) return errorReply(500);
    if (isFirst && row % 80 === 3) return errorReply(503, {}, { 'retry-after': '0' });
    if (isFirst && row % 80 === 4) return { body: '{"choices": [{' };
    if (isFirst && row % 80 === 5) return { body: { choices: [] }, cutAfterBytes: 6 };
    if (isFirst && row % 80 === 6) return 'none';
    if (isFirst && row === 9) return 'silence';
    return chatReply(answerOf(text));
  };
};

/** Lists no model, and answers each chat. */
const obliging: Script = (asked) =>
  asked.route === '/models' ? { body: { data: [] } } : chatReply(answerOf(lastMessage(asked)));

const isRejected = 'id % 50 IN (7, 8)';

describe('daybreak plan', () => {
  it('tells tokens and cost before anything is paid, and the time once a job has shown the speed', async () => {
    const env = await start(obliging);
    const planOf = async (steps: readonly unknown[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await runDaybreak(['plan', await specOf({ steps })], {
        cwd: folder,
        env,
      });
      expect(exitCode, stderr).toBe(0);
      return stdout;
    };
    const before = await planOf([INFER]);
    expect(before).toMatch(
      /^tokens .* about, with 0\.25 a character, assumed; 4\.0 an answer; [\d,]+ in all$/m,
    );
    expect(before).toMatch(/^cost {4}about 0\.00\d+ USD at the prices of the endpoint$/m);
    expect(before).toMatch(/^time {4}not known: the job finds out what the model takes; without it /m);
    expect(server?.asked.map(({ route }) => route)).toEqual(['/models']);
    const ended = await runDaybreak(['run', await specOf()], { cwd: folder, env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    // 7 tokens of each prompt and 3 of each answer, of which the first is paid for.
    const after = await planOf([INFER, { sort: { by: ['id'], limit: 10 } }]);
    expect(after).toMatch(/^tokens .* as before with this model; 3\.0 an answer; [34],\d{3} in all$/m);
    expect(after).toContain('0.0014 USD');
    expect(after).toMatch(/^time {4}[\d.]+ s expected: .*tokens\/s, the median of one finished step/m);
  });

  it('says that bad rows will end the job, and that a prompt names no column', async () => {
    const env = await start(obliging);
    const planOf = async (prompt: string): Promise<string> => {
      const spec = await specOf({ steps: [{ infer: { ...INFER.infer, prompt } }] });
      return (await runDaybreak(['plan', spec], { cwd: folder, env })).stdout;
    };
    const sometimes = await planOf('{% if id == 7 %}{% else %}{{ body }}{% endif %}');
    expect(sometimes).toContain('bad     empty_prompt 1 ');
    expect(sometimes).toContain('more than errors.max_rejects 0, so that the job will end with');
    const constant = await planOf('{body} of {team}');
    expect(constant).toMatch(/^note {4}no template of the step names a column.*{{ body }}/m);
  });
});

describe('a job whose rows go to an endpoint that fails in every way', () => {
  it('answers or rejects every row', async () => {
    const env = await start(faulty());
    const spec = await specOf({ errors: { max_rejects: '5%' } });
    const ended = await runDaybreak(['run', spec, '--json'], { cwd: folder, env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    const report = Report.parse(lastLine(ended));
    expect(report.rows).toEqual({ read: ROWS, written: 384, rejected: 16 });
    expect(judgeOutput(out)?.rows).toBe(384);
    const rows = await outputRows(out);
    expect(rows.map(({ id, body, team, answer }) => [id, body, team, answer])).toEqual(
      (
        await query(
          `SELECT id, body, team, 're: ' || upper(body) AS answer FROM '${folder}/rows.parquet' WHERE NOT ${isRejected} ORDER BY ALL`,
        )
      ).map((row) => Object.values(row)),
    );
    const rejects = await query(
      `SELECT cause, count(*) n FROM '${out}/_rejects/*.parquet' GROUP BY ALL ORDER BY ALL`,
    );
    expect(rejects).toEqual([
      { cause: 'content_filter', n: '8' },
      { cause: 'prompt_too_long', n: '8' },
    ]);
    // Requests are asked for in another order; a reject has the number that its row has in the input.
    const found = await query(
      `SELECT place, count(*) n FROM '${out}/_rejects/*.parquet' WHERE raw LIKE '%"row ' || "row" || '"%' GROUP BY ALL`,
    );
    expect(found).toEqual([{ place: '00-map 000000', n: '16' }]);
    // 7 tokens of each prompt that had a reply, at half a dollar a million; nothing was said of the cache.
    expect(report.stages[1]?.infer).toMatchObject({ rows: 392, engine: 'my-server', promptTokens: 392 * 7 });
    expect(report.stages[1]?.infer?.costUsd).toBeCloseTo((392 * 7 * 0.5) / 1e6, 12);
    expectNoKey(ended);
    expect(server?.asked.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
    expect(server?.mostOpen()).toBeLessThanOrEqual(16);
  });

  it('maps, groups the answers and reduces them as DuckDB does', async () => {
    const env = await start((asked) => chatReply(JSON.stringify({ answer: answerOf(lastMessage(asked)) })));
    const choice = { ...INFER.infer, choice: ['re: A', 're: B'], prompt: '{{ body }}' };
    const spec = await specOf({
      steps: [
        { filter: 'id % 2 = 0' },
        { extend: { body: "CASE WHEN id % 3 = 0 THEN 'a' ELSE 'b' END" } },
        { infer: choice },
        { group_by: { keys: ['team', 'answer'], aggregates: { n: 'count(*)' } } },
      ],
    });
    const ended = await runDaybreak(['run', spec, '--json', '--map-tasks', '3'], { cwd: folder, env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(await outputRows(out)).toEqual(
      await query(
        `SELECT team, CASE WHEN id % 3 = 0 THEN 're: A' ELSE 're: B' END AS answer, count(*) AS n FROM '${folder}/rows.parquet' WHERE id % 2 = 0 GROUP BY ALL ORDER BY ALL`,
      ),
    );
    expect(server?.asked[0]?.body.response_format).toMatchObject({ type: 'json_schema' });
  });
});

/** A vector, a score and texts, each by its route. */
const shaped: Script = (asked) => {
  const usage = { prompt_tokens: 7, total_tokens: 7 };
  if (asked.route === '/embeddings')
    return { body: { data: [{ index: 0, embedding: [String(asked.body.input).length, 0.5] }], usage } };
  if (asked.route === '/score') return { body: { data: [{ index: 0, score: 0.25 }], usage } };
  const text = lastMessage(asked);
  return chatReply(
    asked.body.response_format === undefined ? text.slice(4) : JSON.stringify({ n: text.length }),
  );
};

const SCHEMA = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

describe('an answer with a shape, through the command as it is built', () => {
  it.each([
    ['a schema', { schema: SCHEMA }, "{'n': length(body)}"],
    [
      'a schema of an older draft',
      { schema: { $schema: 'https://json-schema.org/draft/2019-09/schema', ...SCHEMA } },
      "{'n': length(body)}",
    ],
    ['an expression', { regex: '[0-9]+' }, 'id::VARCHAR'],
    ['a vector', { task: 'embed' }, '[length(body), 0.5]::FLOAT[2]'],
    ['a score', { task: 'score', prompt: undefined, query: 'q', document: '{{ body }}' }, '0.25::DOUBLE'],
  ])('is %s', async (_, step, sql) => {
    const env = { ...(await start(shaped)), DAYBREAK_ENDPOINT_MY_SERVER_KIND: 'vllm' };
    const { sampling, ...infer } = INFER.infer;
    const asked = 'task' in step ? infer : { ...infer, sampling };
    const spec = await specOf({
      steps: [
        { filter: 'id < 20' },
        { infer: { ...asked, ...step } },
        { select: { id: 'id', answer: 'answer' } },
      ],
    });
    const ended = await runDaybreak(['run', spec], { cwd: folder, env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(await outputRows(out)).toEqual(
      await query(`SELECT id, ${sql} AS answer FROM '${folder}/rows.parquet' WHERE id < 20 ORDER BY ALL`),
    );
  });
});

describe('a job whose endpoint refuses its key', () => {
  it('ends by name, without the key, and a resume goes on where it ended', async () => {
    let isRefusing = true;
    let answers = 0;
    const env = await start((asked) => {
      if (isRefusing && answers >= 100)
        return errorReply(401, { code: 'invalid_api_key', message: `key: ${KEY}` });
      answers += 1;
      return chatReply(answerOf(lastMessage(asked)));
    });
    const spec = await specOf();
    const ended = await runDaybreak(['run', spec], { cwd: folder, env });
    expect(ended.exitCode, ended.stderr).toBe(1);
    expect(ended.stderr).toMatch(
      /the endpoint my-server answers 401 \(invalid_api_key\) to the key of DAYBREAK_ENDPOINT_MY_SERVER_KEY/,
    );
    expectNoKey(ended);
    expect(judgeOutput(out)).toBeUndefined();
    isRefusing = false;
    const resumed = await runDaybreak(['resume', onlyJob(folder), '--json'], { cwd: folder, env });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(judgeOutput(out)?.rows).toBe(ROWS);
    expectNoKey(resumed);
  });
});

describe('a job whose endpoint does not have what it asks for', () => {
  it('is refused before any row, all problems at once', async () => {
    const env = await start(() => errorReply(500));
    const infer = { ...INFER.infer, sampling: { top_k: 5, min_p: 0.1 }, regex: '[a-z]+' };
    const ended = await runDaybreak(['run', await specOf({ steps: [{ infer }] })], { cwd: folder, env });
    expect(ended.exitCode).toBe(2);
    for (const field of ['sampling.top_k', 'sampling.min_p', 'regex']) expect(ended.stderr).toContain(field);
    expect(server?.asked).toEqual([]);
  });

  it('is refused where no endpoint has the name', async () => {
    const env = await start(() => errorReply(500));
    const infer = { ...INFER.infer, engine: 'my-sever' };
    const ended = await runDaybreak(['run', await specOf({ steps: [{ infer }] })], { cwd: folder, env });
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/my-server/);
  });
});

describe('a job that is interrupted while it waits for an endpoint', () => {
  it('ends within seconds, its requests with it, and is resumable', async () => {
    let isSilent = true;
    const env = await start((asked) => (isSilent ? 'silence' : chatReply(answerOf(lastMessage(asked)))));
    const long = { ...env, DAYBREAK_ENDPOINT_MY_SERVER_TIMEOUT: '5m' };
    const { child, ended } = startDaybreak(['run', await specOf()], { cwd: folder, env: long });
    await until(() => (server?.open() ?? 0) >= 4, 'the first requests');
    const interruptedAt = performance.now();
    child.kill('SIGINT');
    const end = await ended;
    expect(performance.now() - interruptedAt).toBeLessThan(30_000);
    expect(end.exitCode, end.stderr).toBe(130);
    await until(() => server?.open() === 0, 'the requests to end');
    isSilent = false;
    const resumed = await runDaybreak(['resume', onlyJob(folder)], { cwd: folder, env: long });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(judgeOutput(out)?.rows).toBe(ROWS);
  });
});

describe('a job that is cancelled while it waits for an endpoint', () => {
  it('ends within seconds, its requests with it', async () => {
    const env = await start(() => 'silence');
    const long = { ...env, DAYBREAK_ENDPOINT_MY_SERVER_TIMEOUT: '5m' };
    const { ended } = startDaybreak(['run', await specOf()], { cwd: folder, env: long });
    await until(() => (server?.open() ?? 0) >= 4, 'the first requests');
    const cancelledAt = performance.now();
    expect((await runDaybreak(['cancel', onlyJob(folder)], { cwd: folder })).exitCode).toBe(0);
    expect((await ended).exitCode).toBe(130);
    expect(performance.now() - cancelledAt).toBeLessThan(40_000);
    await until(() => server?.open() === 0, 'the requests to end');
  });
});

describe('a job whose command is killed', () => {
  it('asks for no row again that a commit has', async () => {
    let isSilent = false;
    const env = await start((asked) => {
      isSilent ||= asked.number >= 320; // behind the pilot of four pieces
      return isSilent ? 'silence' : chatReply(answerOf(lastMessage(asked)));
    });
    const long = { ...env, DAYBREAK_ENDPOINT_MY_SERVER_TIMEOUT: '5m' };
    const { child, ended } = startDaybreak(['run', await specOf()], { cwd: folder, env: long });
    await until(() => isSilent, 'the silence');
    child.kill('SIGKILL');
    await ended;
    const job = onlyJob(folder);
    const commits = await query(
      `SELECT sum(counts.read)::INTEGER AS rows FROM read_json('${folder}/.daybreak/jobs/${job}/0001/01-infer/commits/*', columns = {counts: 'STRUCT(read INTEGER)'})`,
    );
    const committed = Number(commits[0]?.rows);
    expect(committed).toBeGreaterThan(0);
    const before = server?.asked.length ?? 0;
    isSilent = false;
    server?.script((asked) => chatReply(answerOf(lastMessage(asked))));
    const resumed = await runDaybreak(['resume', job], { cwd: folder, env: long });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    expect(judgeOutput(out)?.rows).toBe(ROWS);
    expect((server?.asked.length ?? 0) - before).toBe(ROWS - committed);
  });
});

describe('a module of a job with an endpoint', () => {
  it('finds nothing of endpoints among the variables of its process', async () => {
    const { DAYBREAK_ENDPOINT_MY_SERVER_KEY: key, ...rest } = await start((asked) =>
      chatReply(answerOf(lastMessage(asked))),
    );
    const env = { ...rest, DAYBREAK_ENDPOINT_MY_SERVER_KEY_ENV: 'MY_OWN_KEY', MY_OWN_KEY: String(key) };
    await writeFile(
      join(folder, 'names.mjs'),
      `export const names = ({ body }) => ({ body: Object.keys(process.env).filter((name) => /^(DAYBREAK_ENDPOINT|MY_OWN)/.test(name)).join() || 'none' });`,
    );
    const map = { module: './names.mjs', export: 'names', columns: ['body'], output: { body: 'VARCHAR' } };
    const spec = await specOf({ steps: [{ map }, INFER] });
    const ended = await runDaybreak(['run', spec], { cwd: folder, env });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(await query(`SELECT DISTINCT answer FROM '${out}/*.parquet'`)).toEqual([{ answer: 're: NONE' }]);
  });
});
