import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KEYS } from '../../functions/contract/keys.ts';
import { INFER_REQUEST_COLUMNS } from '../../functions/contract/planned-infer.ts';
import { WorkerEvent } from '../../functions/contract/worker-events.ts';
import { reconcileCommits } from '../../functions/core/reconcile-commits.ts';
import { listCommits } from '../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { quoteIdentifier } from '../../functions/sql/quote.ts';
import { pythonPath } from '../../scripts/setup-python.ts';
import { printRows, printTypes, withConnection } from '../io/arrow/round-trip.ts';
import { TYPE_CASES } from '../io/arrow/type-cases.ts';
import { INFER_STAGE, loadCommitted, putInferStage } from './infer-stage.ts';

const gpuImage = fileURLToPath(new URL('../../gpu-image', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daybreak-worker-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the worker with an engine that follows a script. Returns its events and how it ended. */
const runWorker = async (script: unknown) => {
  writeFileSync(join(folder, 'script.json'), JSON.stringify(script));
  const { job, run, stage } = INFER_STAGE;
  const ids = ['--job', job, '--run', run, '--stage', stage, '--worker', 'w0'];
  const place = ['--store', join(folder, 'store'), '--host', 'scripted_host', join(folder, 'script.json')];
  const child = spawn(pythonPath('worker'), ['-B', '-m', 'daybreak_worker', ...place, ...ids], {
    env: { PATH: process.env.PATH ?? '', PYTHONPATH: `${gpuImage}${delimiter}${join(gpuImage, 'tests')}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const [stdout, stderr] = await said;
  const events = stdout.split('\n').filter((line) => line !== '');
  return { code, stderr, events: events.map((line) => WorkerEvent.parse(JSON.parse(line))) };
};

/** A column of each type, 200 rows, the last but two in which the request says that it is refused. */
const types = Object.entries(TYPE_CASES);
const columnOf = ([type, values]: (typeof types)[number], index: number): string => {
  const list = `[${values.map((value) => `CAST(${value} AS ${type})`).join(', ')}]`;
  return `${list}[1 + (i % ${values.length})] AS ${quoteIdentifier(`c${index} ${type}`)}`;
};
const [request, seed, row] = INFER_REQUEST_COLUMNS.map(({ name }) => name);
const QUERY = `SELECT (i // 64)::INTEGER p, i AS id, ${types.map(columnOf).join(', ')},
    CAST('{"prompt":"row ' || i || CASE i WHEN 197 THEN ' REFUSED' ELSE '' END || '"}' AS VARCHAR) AS ${request},
    CAST(i AS BIGINT) AS ${seed}, CAST(i AS BIGINT) AS ${row}
  FROM range(200) r(i) ORDER BY i`;

it('gives each row back as it was, of every type, with an answer beside it', async () => {
  const store = await openFileStore(join(folder, 'store'));
  await withConnection(async (connection) => {
    const world = { store, connection };
    const step = { task: 'generate', answer: { kind: 'text' } } as const;
    await putInferStage(world, { query: QUERY, pieces: 4, cut: [3, 1], step, rejectRows: 1 });
    const { code, stderr, events } = await runWorker({ refuse: { REFUSED: 'prompt_too_long' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(events.map(({ event }) => event).slice(0, 2)).toEqual(['starting', 'ready']);
    expect(events.at(-1)).toMatchObject({ event: 'done', committed: 2, waiting: 0 });

    const commits = await listCommits(store, INFER_STAGE);
    const first = ['000000', '000001'];
    const { missing } = reconcileCommits({ where: 'here', tasks: first, amendments: [], commits });
    expect(missing).toEqual([]);
    expect(commits.map(({ counts }) => [counts.read, counts.written, counts.rejected])).toEqual([
      [192, 192, 0],
      [8, 7, 1],
    ]);
    expect(await loadCommitted(world, 'answered', commits)).toBe(199);

    const kept = `SELECT * EXCLUDE (p, ${request}, ${seed}, ${row}) FROM (${QUERY}) WHERE id <> 197 ORDER BY id`;
    const answered = "SELECT COLUMNS(name -> name NOT LIKE 'daybreak_%') FROM answered";
    expect(await printTypes(connection, answered)).toEqual(await printTypes(connection, kept));
    expect(await printRows(connection, answered)).toEqual(await printRows(connection, kept));
    expect(await printTypes(connection, "SELECT COLUMNS('daybreak_.*') FROM answered")).toEqual([
      'daybreak_answer VARCHAR',
      'daybreak_finish_reason VARCHAR',
      'daybreak_prompt_tokens INTEGER',
      'daybreak_output_tokens INTEGER',
    ]);
    // The scripted engine answers by the request and the seed.
    const right = `SELECT count(*) FROM answered WHERE daybreak_answer = sha256('{"prompt":"row ' || id || '"}' || id)`;
    expect(await printRows(connection, right)).toEqual(['["199"]']);

    const [last] = commits.slice(-1);
    const rejects = KEYS.rejects.render({
      ...INFER_STAGE,
      task: '000001',
      attempt: last?.attempt ?? '',
      format: 'parquet',
    });
    const file = join(folder, 'store', rejects);
    expect(await printRows(connection, `SELECT step, row, place, cause, message FROM '${file}'`)).toEqual([
      '["1","197","00-map 000000","prompt_too_long","refused by script"]',
    ]);
  });
});

it('fails by name at the first reject where none is allowed, and halts the run', async () => {
  const store = await openFileStore(join(folder, 'store'));
  await withConnection(async (connection) => {
    const step = { task: 'generate', answer: { kind: 'text' } } as const;
    await putInferStage({ store, connection }, { query: QUERY, pieces: 4, cut: [4], step, rejectRows: 0 });
    const { code, events } = await runWorker({ refuse: { REFUSED: 'prompt_too_long' } });
    expect(code).toBe(63);
    expect(events.at(-1)).toMatchObject({
      event: 'failed',
      failure: { name: 'TooManyRejectsError', task: '000000', stage: '01-infer' },
    });
    const halt = await store.get(KEYS.halt.render(INFER_STAGE));
    expect(JSON.parse(Buffer.from(halt ?? []).toString())).toMatchObject({
      reason: 'failure',
      failure: {
        name: 'TooManyRejectsError',
        message: expect.stringContaining('row 197 of task 000000 of 00-map'),
      },
    });
  });
});
