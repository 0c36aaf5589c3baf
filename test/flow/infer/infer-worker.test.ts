/**
 * Law: the local runner lets one worker of gpu-image/ do a whole stage, pilot and all; starts it again where it dies;
 * and leaves nobody behind. The worker is the real one, with an engine by script in the place of vLLM.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { JobCancelledError } from '../../../functions/contract/errors-store.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import { readModelHistory } from '../../../functions/io/model-history.ts';
import { subjectOf } from '../../../functions/stages/infer/model-subject.ts';
import { pythonPath } from '../../../scripts/setup-python.ts';
import { until } from '../daybreak-process.ts';
import { listTree, outputRows, query } from '../job-folder.ts';
import { type InProcessJob, resumeInProcess, runInProcess } from '../run-in-process.ts';
import { fakeEngines } from './fake-model.ts';

const ROWS = 600;
const gpuImage = join(import.meta.dirname, '../../../gpu-image');

let root: string;
let input: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-infer-worker-'));
  input = join(root, 'input.parquet');
  await query(`COPY (SELECT i AS id, 'text ' || i AS body FROM range(${ROWS}) t(i)) TO '${input}'`);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const facts = {
  engine: { kind: 'vllm', args: {} },
  model: { name: 'm', place: '/nowhere', revision: 'r' },
} as const;
/** What a script says of itself, and the request of a row without its number. */
const MACHINE = 'a test';
const FRAME = '{"messages":[{"role":"user","content":"text "}]}';

/** A task for each piece of 64 rows. */
const known = fakeEngines({ facts, estimate: { tokensPerSecond: 1 } });
/** Of which a pilot measures the speed. */
const unknown = {
  ...known,
  estimate: async () => {
    const { tokensPerSecond: _, ...estimate } = await known.estimate({} as never); // the fake looks at nothing
    return estimate;
  },
};

let jobs = 0;
const prepare = async (script: object, changes: Partial<InProcessJob> = {}) => {
  jobs += 1;
  const scriptPath = join(root, `script-${jobs}.json`);
  await writeFile(scriptPath, JSON.stringify(script));
  const python = join(root, `python-${jobs}`);
  await writeFile(
    python,
    `#!/bin/sh\nexec ${pythonPath('worker')} "$@" --host scripted_host ${scriptPath}\n`,
  );
  await chmod(python, 0o755);
  const notes: string[] = [];
  const output = join(root, `out-${jobs}`);
  const place = {
    id: `worker-${jobs}`,
    workdir: join(root, `work-${jobs}`),
    engines: known,
    command: {
      python,
      environment: () => ({
        PYTHONPATH: `${gpuImage}${delimiter}${join(gpuImage, 'tests')}`,
        PYTHONDONTWRITEBYTECODE: '1',
      }),
    },
    onNote: (line: string): void => {
      notes.push(line);
    },
    ...changes,
  };
  const spec = {
    name: 'worker',
    input: { uri: input },
    steps: [{ infer: { model: 'm', prompt: '{{ body }}', output: 'answer' } }],
    output: { uri: output, format: 'parquet' },
    ...changes.spec,
  };
  return { place, spec, notes, output };
};

/** Processes whose command line names the folder of this test. */
const leftBehind = (workdir: string): string => {
  try {
    return execFileSync('pgrep', ['-f', `daybreak_worker.*${workdir}`], { encoding: 'utf8' });
  } catch {
    return '';
  }
};

it('answers all rows with one engine, the pilot first and the rest as its speed allows', async () => {
  const { place, spec, notes, output } = await prepare({ row_seconds: 0.002 }, { engines: unknown });
  const report = await runInProcess({ ...place, spec });
  expect(report.rows).toMatchObject({ read: ROWS, written: ROWS, rejected: 0 });
  expect(await outputRows(output)).toHaveLength(ROWS);
  expect(notes.filter((note) => note.includes('is ready'))).toHaveLength(1);
  expect(notes.join('\n')).toMatch(/the pilot did .* tokens a second/);
  expect(leftBehind(place.workdir)).toBe('');
});

it('counts the start of the engine among the seconds of its stage, and remembers it for the next plan', async () => {
  const { place, spec } = await prepare({ lives: [{ start_seconds: 1 }] });
  const { stages } = await runInProcess({ ...place, spec });
  const { startSeconds = 0 } = stages[1]?.infer ?? {};
  expect(startSeconds).toBeGreaterThanOrEqual(1);
  expect(stages[1]?.seconds).toBeGreaterThan(startSeconds);
  const store = await openFileStore(place.workdir);
  const [entry] = await readModelHistory(store, subjectOf(facts, MACHINE));
  const digits = 10 + 90 * 2 + 500 * 3;
  expect(entry).toMatchObject({ rows: ROWS, startSeconds, characters: ROWS * FRAME.length + digits });
});

it('gives a row the same answer in one task and in many', async () => {
  const many = await prepare({});
  const few = await prepare({}, { engines: fakeEngines({ facts }), tasks: { map: 1, reduce: 1 } });
  await runInProcess({ ...many.place, spec: many.spec });
  await runInProcess({ ...few.place, spec: { ...few.spec, seed: 7 } });
  const others = await prepare({}, { tasks: { map: 3, reduce: 1 } });
  await runInProcess({ ...others.place, spec: { ...others.spec, seed: 7 } });
  expect(await outputRows(others.output)).toEqual(await outputRows(few.output));
  expect(await outputRows(many.output)).not.toEqual(await outputRows(few.output));
});

it('keeps the rows that the engine refuses as rejects', async () => {
  const { place, spec, notes } = await prepare({ refuse: { 'text 33': 'invalid_request' } });
  const report = await runInProcess({ ...place, spec: { ...spec, errors: { max_rejects: 50 } } });
  expect(report.rows).toMatchObject({ read: ROWS, written: ROWS - 11, rejected: 11 });
  expect(notes.join('\n')).toMatch(/rejects rows: invalid_request \d+/);
});

it('goes on behind engines that die, and rejects the row that kills them', async () => {
  const { place, spec } = await prepare({ die_at: ['text 99'], lives: [{ die_after_rows: 150 }, {}] });
  const report = await runInProcess({ ...place, spec: { ...spec, errors: { max_rejects: 1 } } });
  expect(report.rows).toMatchObject({ read: ROWS, written: ROWS - 1, rejected: 1 });
});

it('fails with the name that the worker gives its failure', async () => {
  const { place, spec } = await prepare({ lives: [{ fail: ['ModelError', 'has no safetensors'] }] });
  await expect(runInProcess({ ...place, spec })).rejects.toMatchObject({
    name: 'ModelError',
    message: expect.stringContaining('has no safetensors'),
  });
});

it('fails with the place of the first reject where none is allowed, and says what was wrong with it', async () => {
  const { place, spec, notes } = await prepare({ refuse: { 'text 333': 'invalid_request' } });
  await expect(runInProcess({ ...place, spec })).rejects.toMatchObject({
    name: 'TooManyRejectsError',
    message: expect.stringMatching(/the first: .*; it is kept in .*\.parquet$/),
  });
  expect(notes.join('\n')).toContain('refused by script');
  expect(leftBehind(place.workdir)).toBe('');
});

it('ends the worker when the job is interrupted, and a resume answers only what is left', async () => {
  const stop = new AbortController();
  const { place, spec, output } = await prepare({ row_seconds: 0.05 });
  const committed = (): number =>
    listTree(join(place.workdir, `jobs/${place.id}`)).filter((name) => /-infer\/commits\/./.test(name))
      .length;
  const interrupted = runInProcess({ ...place, spec, signal: stop.signal });
  await until(() => committed() > 1, 'a commit of the worker');
  stop.abort(new JobCancelledError({ job: place.id }));
  await expect(interrupted).rejects.toMatchObject({ name: 'JobCancelledError' });
  expect(leftBehind(place.workdir)).toBe('');
  const done = committed();
  expect(done).toBeLessThan(10);
  const report = await resumeInProcess(place);
  expect(report.rows).toMatchObject({ read: ROWS, written: ROWS });
  expect(await outputRows(output)).toHaveLength(ROWS);
}, 120_000);
