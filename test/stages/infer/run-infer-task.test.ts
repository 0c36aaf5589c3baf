/** One attempt of a task of a stage `infer` against an endpoint: what it reads, asks, writes and counts. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { afterEach, describe, expect, it } from 'vitest';
import { Commit } from '../../../functions/contract/commit.ts';
import type { Endpoint } from '../../../functions/io/endpoints/endpoint.ts';
import { openEndpoint } from '../../../functions/io/endpoints/open-endpoint.ts';
import type { EndpointSettings } from '../../../functions/io/endpoints/settings.ts';
import { runInferTask } from '../../../functions/stages/infer/run-infer-task.ts';
import { printRows, printTypes, withConnection } from '../../io/arrow/round-trip.ts';
import { quickWorld, settingsOf, stepOf } from '../../io/endpoints/endpoint-world.ts';
import {
  chatReply,
  errorReply,
  lastMessage,
  type Script,
  type ScriptedEndpoint,
  startScriptedEndpoint,
} from '../../io/endpoints/scripted-endpoint.ts';
import { type InferWorld, openInferWorld } from './infer-world.ts';

type Setting = {
  readonly connection: DuckDBConnection;
  readonly world: InferWorld;
  readonly server: ScriptedEndpoint;
  readonly endpoint: Endpoint;
};

let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.reverse()) await close();
  open = [];
});

const withSetting = (
  script: Script,
  use: (setting: Setting) => Promise<void>,
  settings: Partial<EndpointSettings> = {},
): Promise<void> =>
  withConnection(async (connection) => {
    const server = await startScriptedEndpoint(script);
    open.push(server.stop);
    const world = await openInferWorld(connection);
    open.push(world.close);
    const endpoint = openEndpoint(settingsOf(server.url, settings), quickWorld);
    open.push(async () => endpoint.close());
    await use({ connection, world, server, endpoint });
  });

/** Rows with a request that names the row, and a seed. */
const rowsOf = (rows: number, columns = 'i AS id'): string => `
  SELECT ${columns},
    '{"messages":[{"role":"user","content":"row ' || i || '"}]}' AS daybreak_request,
    (i * 7)::BIGINT AS daybreak_seed
  FROM range(${rows}) r(i)`;

const echo: Script = (asked) => chatReply(`re: ${lastMessage(asked)}`);

describe('a task of a stage infer', () => {
  it('answers every row, in the order of the rows, in one piece', () =>
    withSetting(echo, async ({ connection, world, server, endpoint }) => {
      const work = await world.workOver(rowsOf(200), { step: stepOf() });
      const commit = Commit.parse(await runInferTask(world.contextFor(), work, endpoint));
      expect(commit.counts).toMatchObject({ read: 200, written: 200, rejected: 0, dropped: 0 });
      expect(commit.rows).toBe(200);
      expect(commit.partitions).toHaveLength(1);
      expect(commit.rejects).toBeUndefined();
      expect(commit.infer).toMatchObject({
        rows: 200,
        promptTokens: 1_400,
        outputTokens: 600,
        engine: 'scripted',
      });
      expect(commit.bytesRead).toBe(work.task.weightBytes);
      expect(await world.load(commit, 'answers')).toBe(200);
      expect(await printRows(connection, 'FROM answers')).toEqual(
        Array.from({ length: 200 }, (_, i) => JSON.stringify([`${i}`, `re: row ${i}`, 'stop', '7', '3'])),
      );
      expect(server.asked).toHaveLength(200);
      expect(new Set(server.asked.map(({ body }) => body.seed))).toEqual(
        new Set(Array.from({ length: 200 }, (_, i) => i * 7)),
      );
      expect(server.asked[0]?.body).toMatchObject({ model: 'tiny', temperature: 0, max_tokens: 16 });
    }));

  it('passes the columns of the input through as they came, of every kind', () =>
    withSetting(echo, async ({ connection, world, endpoint }) => {
      const columns = `i AS id, (i * 1.5)::DECIMAL(18,3) AS d, [i, NULL] AS l,
        {'a': i::VARCHAR, 'b': DATE '2026-01-01'} AS s, NULL::TIMESTAMPTZ AS n, MAP {'k': i} AS m`;
      const input = (await printTypes(connection, `SELECT ${columns} FROM range(1) r(i)`)).map((text) => {
        const [, name = '', type = ''] = /^(\S+) (.*)$/.exec(text) ?? [];
        return { name, type };
      });
      const work = await world.workOver(rowsOf(100, columns), { step: stepOf({ input }) });
      const commit = await runInferTask(world.contextFor(), work, endpoint);
      await world.load(commit, 'answers');
      const names = input.map(({ name }) => name).join(', ');
      expect(await printTypes(connection, 'FROM answers')).toEqual([
        ...input.map(({ name, type }) => `${name} ${type}`),
        'daybreak_answer VARCHAR',
        'daybreak_finish_reason VARCHAR',
        'daybreak_prompt_tokens INTEGER',
        'daybreak_output_tokens INTEGER',
      ]);
      expect(await printRows(connection, `SELECT ${names} FROM answers`)).toEqual(
        await printRows(connection, `SELECT ${names} FROM (SELECT ${columns} FROM range(100) r(i))`),
      );
    }));

  it('keeps what cannot be answered as rejects, with a typed cause and the request', () =>
    withSetting(
      (asked) => {
        const row = Number(lastMessage(asked).slice(4));
        if (row % 10 === 3) return errorReply(400, { code: 'context_length_exceeded' });
        if (row % 10 === 4) return chatReply(null, { reason: 'content_filter' });
        return echo(asked);
      },
      async ({ connection, world, endpoint }) => {
        const work = await world.workOver(rowsOf(100), {
          step: stepOf(),
          rejectLimit: { unit: 'rows', value: 20 },
        });
        const commit = Commit.parse(await runInferTask(world.contextFor(), work, endpoint));
        expect(commit.counts).toMatchObject({ read: 100, written: 80, rejected: 20 });
        expect(commit.rejects).toMatchObject({ rows: 20, format: 'parquet' });
        // A reply that is no answer counts, for it is paid; a request that was refused does not.
        const request = '{"messages":[{"role":"user","content":"row 10"}]}';
        const characters = 90 * request.length - 9;
        expect(commit.infer).toMatchObject({ rows: 90, characters, promptTokens: 630 });
        expect(await world.load(commit, 'answers')).toBe(80);
        const rejects = `FROM '${world.rejectsPath(commit)}'`;
        expect(await printRows(connection, `SELECT step, row, cause, error, raw ${rejects}`)).toEqual(
          Array.from({ length: 20 }, (_, i) => {
            const row = Math.floor(i / 2) * 10 + 3 + (i % 2);
            const raw = `{"messages":[{"role":"user","content":"row ${row}"}]}`;
            const why =
              i % 2 === 0
                ? ['prompt_too_long', '400 context_length_exceeded']
                : ['content_filter', 'content_filter'];
            return JSON.stringify(['2', `${row}`, ...why, raw]);
          }),
        );
      },
    ));

  it('fails at the first reject where none is allowed, with its place and never its value', () =>
    withSetting(
      (asked) =>
        lastMessage(asked) === 'row 5' ? errorReply(400, { message: 'row 5 is bad' }) : echo(asked),
      async ({ world, endpoint }) => {
        const work = await world.workOver(rowsOf(100), { step: stepOf() });
        const failing = runInferTask(world.contextFor(), work, endpoint);
        await expect(failing).rejects.toMatchObject({
          name: 'TooManyRejectsError',
          message: expect.stringMatching(/steps\[2\] infer, row 5 of task 000000 of 00-map/),
        });
        await expect(failing).rejects.not.toThrow(/is bad/);
      },
    ));

  it('writes vectors of floats, and scores, as DuckDB has them', () =>
    withSetting(
      ({ route, body }) => {
        if (route === '/embeddings') {
          const length = String(body.input).length;
          return { body: { data: [{ embedding: [length, 0.1, -1e-3] }], usage: { prompt_tokens: 4 } } };
        }
        const score = String(body.text_2).length / 3;
        return { body: { data: [{ index: 0, score }], usage: { prompt_tokens: 5 } } };
      },
      async ({ connection, world, endpoint }) => {
        const { sampling: _, ...plain } = stepOf();
        const embed = {
          ...plain,
          task: 'embed',
          answer: { kind: 'embedding', dimensions: 3 },
          output: { name: 'vector', type: 'FLOAT[3]' },
        } as const;
        const prompts = `SELECT i AS id, '{"prompt":"row ' || i || '"}' AS daybreak_request,
          NULL::BIGINT AS daybreak_seed FROM range(150) r(i)`;
        const vectors = await runInferTask(
          world.contextFor(),
          await world.workOver(prompts, { step: embed }),
          endpoint,
        );
        await world.load(vectors, 'vectors');
        expect(
          await printRows(connection, 'SELECT id, daybreak_answer, daybreak_output_tokens FROM vectors'),
        ).toEqual(
          await printRows(
            connection,
            "SELECT i, [length('row ' || i), 0.1, -0.001]::FLOAT[3], 0::INTEGER FROM range(150) r(i)",
          ),
        );
        expect(vectors.infer).toMatchObject({ promptTokens: 600, outputTokens: 0 });
        const score = {
          ...plain,
          task: 'score',
          answer: { kind: 'score' },
          output: { name: 'score', type: 'DOUBLE' },
        } as const;
        const pairs = prompts.replace(/'{"prompt.*?"}'/, `'{"query":"q","document":"row ' || i || '"}'`);
        const scores = await runInferTask(
          world.contextFor(),
          await world.workOver(pairs, { step: score }),
          endpoint,
        );
        await world.load(scores, 'scores');
        expect(await printRows(connection, 'SELECT id, daybreak_answer FROM scores')).toEqual(
          await printRows(connection, "SELECT i, length('row ' || i)::DOUBLE / 3 FROM range(150) r(i)"),
        );
      },
    ));

  it('rejects vectors of another length, and numbers that no FLOAT holds', () =>
    withSetting(
      ({ body }) => {
        const row = Number(String(body.input).slice(4));
        const embedding = row % 3 === 0 ? [1, 2] : row % 3 === 1 ? [1, 2, 3] : [1, 2, 1e300];
        return { body: { data: [{ embedding }] } };
      },
      async ({ connection, world, endpoint }) => {
        const { sampling: _, ...plain } = stepOf();
        const answer = { kind: 'embedding', dimensions: 3 } as const;
        const query = `SELECT i AS id, '{"prompt":"row ' || i || '"}' AS daybreak_request,
          NULL::BIGINT AS daybreak_seed FROM range(90) r(i)`;
        const work = await world.workOver(query, {
          step: { ...plain, task: 'embed', answer },
          rejectLimit: { unit: 'rate', value: 1 },
        });
        const commit = await runInferTask(world.contextFor(), work, endpoint);
        expect(commit.counts).toMatchObject({ written: 30, rejected: 60 });
        expect(
          await printRows(
            connection,
            `SELECT cause, error, count(*) FROM '${world.rejectsPath(commit)}' GROUP BY ALL ORDER BY ALL`,
          ),
        ).toEqual([
          JSON.stringify(['answer_shape', null, '30']),
          JSON.stringify(['endpoint_error', 'broken_reply', '30']),
        ]);
      },
    ));

  it('counts the tokens of replies that are no answers too, and what all of them cost', () =>
    withSetting(
      (asked) => (Number(asked.body.seed) % 2 === 0 ? chatReply('yes') : chatReply('maybe')),
      async ({ world, endpoint }) => {
        const answer = { kind: 'choice', choice: ['yes', 'no'] } as const;
        const step = stepOf({ answer: { ...answer, choice: [...answer.choice] } });
        const work = await world.workOver(rowsOf(100), { step, rejectLimit: { unit: 'rate', value: 1 } });
        const commit = Commit.parse(await runInferTask(world.contextFor(), work, endpoint));
        expect(commit.counts).toMatchObject({ written: 50, rejected: 50 });
        // 7 and 3 tokens a row, at 10 and 100 USD a million.
        expect(commit.infer).toMatchObject({ promptTokens: 700, outputTokens: 300 });
        expect(commit.infer?.costUsd).toBeCloseTo(0.037, 12);
      },
      { price: { inUsd: 10, outUsd: 100 } },
    ));

  it('keeps what the model said in the rejects of answers that have not the shape', () =>
    withSetting(
      ({ body }) => chatReply(Number(body.seed) % 2 === 0 ? `maybe ${'x'.repeat(2_000)}` : 'perhaps'),
      async ({ connection, world, endpoint }) => {
        const step = stepOf({ answer: { kind: 'choice', choice: ['yes', 'no'] } });
        const work = await world.workOver(rowsOf(10), { step, rejectLimit: { unit: 'rate', value: 1 } });
        const commit = await runInferTask(world.contextFor(), work, endpoint);
        const file = world.rejectsPath(commit);
        expect(
          await printRows(
            connection,
            `SELECT cause, answer, count(*) FROM '${file}' GROUP BY ALL ORDER BY ALL`,
          ),
        ).toEqual([
          JSON.stringify(['answer_shape', `maybe ${'x'.repeat(993)}…`, '5']),
          JSON.stringify(['answer_shape', 'perhaps', '5']),
        ]);
        expect(await printRows(connection, `SELECT count(*) FROM '${file}' WHERE raw LIKE '%row%'`)).toEqual([
          JSON.stringify(['10']),
        ]);
      },
    ));

  it('leaves a block without pieces where every row is rejected', () =>
    withSetting(
      () => errorReply(400),
      async ({ world, endpoint }) => {
        const rejectLimit = { unit: 'rate', value: 1 } as const;
        const work = await world.workOver(rowsOf(70), { step: stepOf(), rejectLimit });
        const commit = Commit.parse(await runInferTask(world.contextFor(), work, endpoint));
        expect(commit).toMatchObject({ rows: 0, partitions: [], counts: { read: 70, rejected: 70 } });
      },
    ));
});
