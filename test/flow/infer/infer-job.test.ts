/** Law: a job with a model publishes what plain DuckDB makes of the same rows and the model's answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../../cli/render-report.ts';
import { EndpointError } from '../../../functions/contract/errors-infer.ts';
import { judgeOutput, outputRows, query } from '../job-folder.ts';
import { type InProcessJob, resumeInProcess, runInProcess } from '../run-in-process.ts';
import { fakeEndpoints, fakeEngines, REFUSED_WORD, unknownSpeed } from './fake-model.ts';

const ROWS = 1_000;

let root: string;
let input: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-infer-'));
  input = join(root, 'input.parquet');
  await query(
    `COPY (SELECT i AS id, 'text ' || (i * 7919 % 1000) AS body, 'team' || i % 5 AS team FROM range(${ROWS}) t(i)) TO '${input}' (ROW_GROUP_SIZE 2048)`,
  );
});
afterAll(() => rm(root, { recursive: true, force: true }));

let jobs = 0;
type Given = Partial<InProcessJob> & { readonly steps: readonly unknown[]; readonly uri?: string };

const runOnly = async ({ steps, uri = input, ...options }: Given) => {
  jobs += 1;
  const output = join(root, `out-${jobs}`);
  const spec = { name: 'infer', input: { uri }, steps, output: { uri: output, format: 'parquet' } };
  const report = await runInProcess({
    id: `infer-${jobs}`,
    workdir: join(root, `work-${jobs}`),
    engines: fakeEngines(),
    endpoints: fakeEndpoints(),
    ...options,
    spec: { ...spec, ...options.spec },
  });
  return { report, output };
};

const run = async (given: Given) => {
  const { report, output } = await runOnly(given);
  return { report, output, manifest: judgeOutput(output), rows: await outputRows(output) };
};

const FILTER = { filter: 'id % 3 <> 0' };
const INFER = { infer: { model: 'm', prompt: 'say {{ body }}', output: 'answer' } };
const GROUP = { group_by: { keys: ['team', 'answer'], aggregates: { n: 'count(*)', least: 'min(id)' } } };

/** In one task, and forced into many. */
const PLANS = { one: {}, many: { tasks: { map: 4, reduce: 3 } } } as const;

describe.each(Object.entries(PLANS))('a job with a model, in %s', (_, plan) => {
  it('maps, infers and reduces as DuckDB does', async () => {
    const { rows, report } = await run({ ...plan, steps: [FILTER, INFER, GROUP] });
    const expected = await query(
      `SELECT team, upper('say ' || body) AS answer, count(*) AS n, min(id) AS least FROM '${input}' WHERE id % 3 <> 0 GROUP BY ALL ORDER BY ALL`,
    );
    expect(rows).toEqual(expected);
    expect(report.stages.map(({ kind }) => kind).slice(0, 3)).toEqual(['map', 'infer', 'reduce']);
  });
});

const SAID = "'say ' || body";

describe('a job that ends in a model', () => {
  it('keeps all columns of the row, with the answer and its figures behind them', async () => {
    const { rows, manifest, report } = await run({ steps: [INFER] });
    const expected = await query(
      `SELECT id, body, team, upper(${SAID}) AS answer, {'finish_reason': 'stop', 'prompt_tokens': length(${SAID})::INTEGER, 'output_tokens': length(${SAID})::INTEGER} AS answer_info FROM '${input}' ORDER BY ALL`,
    );
    expect(rows).toEqual(expected);
    expect(manifest?.parts).toHaveLength(1);
    const [{ tokens } = { tokens: 0 }] = await query(
      `SELECT sum(length(${SAID}))::INTEGER AS tokens FROM '${input}'`,
    );
    expect(report.stages[1]?.infer).toMatchObject({
      rows: ROWS,
      promptTokens: tokens,
      outputTokens: tokens,
      costUsd: expect.closeTo(Number(tokens) * 0.003, 6),
    });
    expect(renderReport(report)).toContain(`${Number(tokens).toLocaleString('en-US')} output tokens`);
  });

  it('publishes as many files as the user asks for', async () => {
    const { rows, manifest } = await run({ steps: [INFER], tasks: { map: 2, reduce: 3 } });
    expect(rows).toHaveLength(ROWS);
    expect(manifest?.parts).toHaveLength(3);
  });

  it.each(['jsonl', 'csv'])('publishes %s', async (format) => {
    const output = { uri: join(root, `out-${format}`), format };
    const { report } = await runOnly({ steps: [INFER], spec: { output } });
    expect(report.rows).toMatchObject({ read: ROWS, written: ROWS, rejected: 0 });
    const found = await query(
      `SELECT count(*)::INTEGER AS n, max(answer) AS most FROM '${output.uri}/part-*.${format}'`,
    );
    expect(found).toEqual([{ n: ROWS, most: 'SAY TEXT 999' }]);
  });
});

describe('the answer of a model', () => {
  const typed = async (step: object, sql: string) => {
    const { rows } = await run({ steps: [{ infer: { model: 'm', output: 'a', ...step } }, SELECT] });
    expect(rows).toEqual(await query(`SELECT id, ${sql} AS a FROM '${input}' ORDER BY ALL`));
  };
  const SELECT = { select: { id: 'id', a: 'a' } };

  it('is a struct by its schema', async () => {
    const schema = {
      type: 'object',
      properties: {
        n: { type: 'integer' },
        word: { type: 'string' },
        tags: { type: 'array', items: { type: ['string', 'null'] } },
        more: { type: 'number' },
      },
      required: ['n', 'word', 'tags'],
    };
    await typed(
      { prompt: '{{ body }}', schema },
      `{'n': length(body), 'word': upper(body), 'tags': [body, NULL], 'more': NULL::DOUBLE}`,
    );
  });

  it('is one of the choices', () =>
    typed(
      { prompt: '{{ body }}', choice: ['red', 'green', 'blue'] },
      `['red', 'green', 'blue'][1 + length(body) % 3]`,
    ));

  it('is a vector of the length that the model has', () =>
    typed(
      { task: 'embed', prompt: '{{ body }}' },
      '[length(body), length(body) + 0.5, length(body) + 1, length(body) + 1.5]::FLOAT[4]',
    ));

  it('is a score', () =>
    typed(
      { task: 'score', query: '{{ team }}', document: '{{ body }}' },
      'length(team)::DOUBLE / length(body)::DOUBLE',
    ));
});

describe('columns with names of the engine', () => {
  const rows = async (sql: string) => {
    jobs += 1;
    const uri = join(root, `rows-${jobs}.parquet`);
    await query(`COPY (${sql}) TO '${uri}'`);
    return uri;
  };

  it.each([
    ['twice the same', '(1, 2), (1, 4), (2, 9)'],
    ['none', '(NULL, 2), (NULL, 4), (3, 9)'],
    ['text', "('a', 2), ('b', 4), ('0', 9)"],
  ])('leave each row its own answer, where `rowid` is %s', async (_, values) => {
    const uri = await rows(`SELECT *, 'body ' || n AS body FROM (VALUES ${values}) t(rowid, n)`);
    const found = await run({
      uri,
      steps: [INFER, { select: { rowid: 'rowid', n: 'n', answer: 'answer' } }],
    });
    expect(found.rows).toEqual(
      await query(`SELECT "rowid", n, upper('say ' || body) AS answer FROM '${uri}' ORDER BY ALL`),
    );
  });

  it('leave rejects their places', async () => {
    const uri = await rows(`SELECT 7 - i AS rowid, ['1', '2', 'x', 'y'][i] AS body FROM range(1, 5) t(i)`);
    // What the fake model answers does not always obey: a text that is no number has no value in the type.
    const schema = { type: 'object', properties: { word: { type: 'integer' } } };
    const { output } = await run({
      uri,
      steps: [{ infer: { model: 'm', prompt: '{{ body }}', output: 'a', schema } }],
      spec: { errors: { max_rejects: 2 } },
    });
    const found = await query(
      `SELECT "row"::INTEGER AS n, cause FROM '${output}/_rejects/*.parquet' ORDER BY ALL`,
    );
    expect(found).toEqual([
      { n: 2, cause: 'answer_shape' },
      { n: 3, cause: 'answer_shape' },
    ]);
  });
});

describe('several models in one job', () => {
  it('answer one after another, with steps between them and before the first none', async () => {
    const second = { infer: { model: 'm', task: 'generate', prompt: '{{ answer }}!', output: 'again' } };
    const { rows, report } = await run({
      tasks: { map: 2, reduce: 2 },
      steps: [
        { infer: { model: 'm', prompt: '{{ body }}', output: 'answer' } },
        { filter: "answer <> 'TEXT 7'" },
        second,
        { select: { id: 'id', again: 'again', n: 'again_info.output_tokens' } },
      ],
    });
    const expected = `SELECT id, upper(body) || '!' AS again, length(body)::INTEGER + 1 AS n FROM '${input}' WHERE body <> 'text 7' ORDER BY ALL`;
    expect(rows).toEqual(await query(expected));
    expect(report.stages.map(({ stage }) => stage)).toEqual([
      '00-map',
      '01-infer',
      '02-reduce',
      '03-infer',
      '04-reduce',
    ]);
  });
});

describe('few rows', () => {
  it.each([
    ['none', 'id < 0', 0],
    ['one', 'id = 5', 1],
  ])('%s go through a model, and an output is there', async (_, filter, rows) => {
    for (const engines of [fakeEngines(), unknownSpeed()])
      for (const plan of [{}, { tasks: { map: 3, reduce: 2 } }]) {
        const found = await run({ ...plan, engines, steps: [{ filter }, INFER] });
        expect(found.rows).toHaveLength(rows);
        expect(found.report.rows.written).toBe(rows);
        expect(found.report.output.columns.map(({ name }) => name)).toContain('answer_info');
      }
  });
});

describe('a pilot', () => {
  it('is run first where no speed is known, and what waits is cut behind it', async () => {
    const notes: string[] = [];
    const onNote = (line: string): void => {
      notes.push(line);
    };
    const { rows, report } = await run({ steps: [INFER], engines: unknownSpeed(), onNote });
    expect(rows).toHaveLength(ROWS);
    expect(report.stages[1]?.tasks).toBeGreaterThan(1);
    expect(notes.join('\n')).toMatch(
      /01-infer {2}the pilot did .* tokens a second: what is left is cut into \d+ task/,
    );
  });
});

describe('rows that have no answer', () => {
  const steps = [
    {
      extend: {
        body: `CASE WHEN id % 50 = 3 THEN '${REFUSED_WORD} ' || id WHEN id % 50 = 4 THEN '' ELSE body END`,
      },
    },
    { infer: { model: 'm', prompt: '{{ body }}', output: 'answer' } },
  ];

  it('are rejects with their causes, and all other rows are published', async () => {
    const { rows, report, output } = await run({
      steps,
      spec: { errors: { max_rejects: '10%' } },
      tasks: { map: 2, reduce: 1 },
    });
    expect(rows).toHaveLength(ROWS - 40);
    expect(report.rows).toMatchObject({ read: ROWS, written: ROWS - 40, rejected: 40 });
    const causes = await query(
      `SELECT cause, count(*)::INTEGER AS n, min(step) AS step FROM read_parquet('${output}/_rejects/*', union_by_name = true) GROUP BY ALL ORDER BY ALL`,
    );
    expect(causes).toEqual([
      { cause: 'empty_prompt', n: 20, step: 1 },
      { cause: 'invalid_request', n: 20, step: 1 },
    ]);
    const text = renderReport(report);
    for (const line of [
      '00-map steps[1] infer: 20 rejected',
      '00-map rejects: 20 empty_prompt',
      '01-infer steps[1] infer: 20 rejected',
      '01-infer rejects: 20 invalid_request',
    ])
      expect(text.split(`  ${line}\n`)).toHaveLength(2);
  });

  it('end the job at the first where none is allowed, by its place and without its value', async () => {
    const failed = await run({ steps: [steps[0], { filter: "body <> ''" }, steps[1]] }).catch(
      (error: Error) => error,
    );
    expect(failed).toMatchObject({ name: 'TooManyRejectsError' });
    expect(String(failed)).toMatch(/steps\[2\] infer, row \d+/);
    expect(String(failed)).not.toContain(REFUSED_WORD);
  });
});

describe('a stage of a model that was half done', () => {
  it('is not paid for twice: the next run adopts its tasks', async () => {
    let asked = 0;
    const endpoints = fakeEndpoints({
      onAsk: () => {
        asked += 1;
        if (asked === 700) throw new EndpointError({ endpoint: 'fake', problem: 'is gone' });
      },
    });
    // A task is a piece of 64 rows: two are open when the endpoint goes.
    const engines = fakeEngines({ estimate: { tokensPerSecond: 1 } });
    const place = { id: 'half', workdir: join(root, 'work-half'), engines, endpoints };
    const output = { uri: join(root, 'out-half'), format: 'parquet' };
    const spec = { name: 'half', input: { uri: input }, steps: [INFER, GROUP], output };
    await expect(runInProcess({ ...place, spec })).rejects.toMatchObject({ name: 'EndpointError' });
    const before = asked;
    await resumeInProcess(place);
    expect(asked - before).toBeLessThan(ROWS - 700 + 3 * 64);
    expect(asked - before).toBeGreaterThan(0);
    const expected = `SELECT team, upper(${SAID}) AS answer, count(*) AS n, min(id) AS least FROM '${input}' GROUP BY ALL ORDER BY ALL`;
    expect(await outputRows(output.uri)).toEqual(await query(expected));
  });
});
