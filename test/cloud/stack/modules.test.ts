/**
 * Law: a job with user modules on the deployed stack gives the rows of the local runner; what a module does to its
 * process is a reject or a failure by name, and nothing is left of it for the next job.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureName } from '../../../functions/contract/failures.ts';
import type { JobState } from '../../../functions/stages/read-job-state.ts';
import { runDaybreak } from '../../flow/daybreak-process.ts';
import { outputRows, query, type SpecText } from '../../flow/job-folder.ts';
import { COUNT, countedSpec, DOUBLE, DOUBLE_MODULE, putNumbers, ROWS, requireCounted } from './counted.ts';
import { readLog } from './function-log.ts';
import { openStack, type Stack } from './open-stack.ts';
import { daybreakThere } from './stack-command.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const FIXTURES = path.join(root, 'test/fixtures/modules');
const EXAMPLES = ['clean', 'words', 'journeys'] as const;
const REVIEWS = path.join(root, 'examples/modules/data/reviews.csv');
const TASKS = ['--map-tasks', '2', '--reduce-tasks', '2'] as const;
/** The rows that reach a module which misbehaves; row 3 is among those of the first task. */
const FEW = 60;

/** A row of what a module finds in its process, and a megabyte on its output. */
const LOOKS_AROUND = `
export const map = ({ n }) => {
  if (n === 3) for (let line = 0; line < 1024; line += 1) console.log('x'.repeat(1023));
  return { n, variables: Object.keys(process.env).join(' '), held: JSON.stringify([process.argv, process.env]) };
};
`;

let stack: Stack;
let folder: string;

const submit = async (id: string, file: string, ...args: string[]): Promise<void> => {
  const { exitCode, stderr } = await daybreakThere(
    stack.facts,
    ['submit', file, '--id', id, ...TASKS, ...args],
    {
      cwd: folder,
    },
  );
  expect(exitCode, stderr).toBe(0);
};

const submitSpec = async (id: string, spec: SpecText): Promise<void> => {
  const file = path.join(folder, `${id}.json`);
  await writeFile(file, JSON.stringify(spec));
  await submit(id, file);
};

const misbehaving = (module: string): string => `modules-${module}`;
const submitMisbehaving = (module: string, output: SpecText = { n: 'INTEGER' }): Promise<void> => {
  const map = { module: `./${module}.ts`, export: 'map', output, timeout: '1s' };
  const steps = [{ filter: `v < ${FEW}` }, { select: { n: 'v::INTEGER' } }, { map }];
  const id = misbehaving(module);
  return submitSpec(id, countedSpec(stack, id, { steps, errors: { max_rejects: FEW } }));
};

const REJECTING = ['throws', 'rejects', 'never-settles', 'overflows-stack'] as const;
const FAILING = [
  ['never-returns', 'TaskHungError'],
  ['exits', 'WorkerDiedError'],
  ['kills-itself', 'WorkerDiedError'],
  ['throws-in-init', 'ModuleError'],
] as const satisfies readonly (readonly [string, FailureName])[];

beforeAll(async () => {
  stack = await openStack();
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-modules-there-'));
  await cp(FIXTURES, folder, { recursive: true });
  await writeFile(path.join(folder, 'looks-around.ts'), LOOKS_AROUND);
  await writeFile(path.join(folder, 'double.js'), DOUBLE_MODULE);
  await putNumbers(stack);
  await stack.putData('in/reviews.csv', await readFile(REVIEWS));
  // All wait for their slots from the start: each test looks at its own, and the first takes a minute.
  for (const [module] of FAILING) await submitMisbehaving(module);
  for (const example of EXAMPLES) {
    const id = `modules-${example}`;
    const set = [
      `input.uri=s3://${stack.data}/in/reviews.csv`,
      `output.uri=s3://${stack.data}/results/${id}/`,
    ];
    await submit(
      id,
      path.join(root, `examples/modules/${example}.yaml`),
      ...set.flatMap((each) => ['--set', each]),
    );
  }
  for (const module of REJECTING) await submitMisbehaving(module);
  await submitMisbehaving('looks-around', { n: 'INTEGER', variables: 'VARCHAR', held: 'VARCHAR' });
});
afterAll(async () => {
  stack.close();
  await rm(folder, { recursive: true, force: true });
});

const requirePublished = async (id: string): Promise<JobState> => {
  const state = await stack.waitFor(id);
  expect(state.outcome?.failure ?? state.report?.failure).toBeUndefined();
  expect(state.word).toBe('published');
  return state;
};
const rowsOf = ({ job }: JobState) => stack.withOutput(job.spec.output.uri, outputRows);

describe('a job with modules', () => {
  it.each(EXAMPLES)('publishes the rows of the local runner: examples/modules/%s.yaml', async (example) => {
    const output = path.join(folder, `local-${example}`);
    const spec = path.join(root, `examples/modules/${example}.yaml`);
    const set = [`input.uri=${REVIEWS}`, `output.uri=${output}`].flatMap((each) => ['--set', each]);
    const local = await runDaybreak(['run', spec, ...TASKS, ...set], { cwd: folder, limitSeconds: 120 });
    expect(local.exitCode, local.stderr).toBe(0);
    const rows = await rowsOf(await requirePublished(`modules-${example}`));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows).toEqual(await outputRows(output));
    const lines = await readLog(stack.facts, 'Modules');
    expect(lines.filter(({ job }) => job === `modules-${example}`).length).toBeGreaterThan(0);
  });
});

describe('a module that', () => {
  it.each(REJECTING)('%s rejects the row and does the others', async (module) => {
    const state = await requirePublished(misbehaving(module));
    const isEveryThird = module === 'throws' || module === 'rejects';
    const rejected = isEveryThird ? FEW / 3 : 1;
    expect(state.report?.rows).toEqual({ read: ROWS, written: FEW - rejected, rejected });
    const bad = isEveryThird ? 'n % 3 = 0' : 'n = 3';
    expect(await rowsOf(state)).toEqual(
      await query(`SELECT n::INTEGER AS n FROM range(${FEW}) t(n) WHERE NOT (${bad}) ORDER BY ALL`),
    );
  });

  it.each(FAILING)('%s fails its job by %s, and publishes nothing', async (module, name) => {
    const id = misbehaving(module);
    const state = await stack.waitFor(id);
    expect(state).toMatchObject({ word: 'failed', outcome: { failure: { name } } });
    expect(await stack.execution(`${id}-0001-1`)).toMatchObject({ status: 'FAILED', error: name });
    expect(await stack.listData(`results/${id}/`)).toEqual([]);
  });

  it('looks around finds no variable of the function, and what it prints is cut in the log', async () => {
    const state = await requirePublished(misbehaving('looks-around'));
    const rows = await rowsOf(state);
    expect(rows).toHaveLength(FEW);
    expect(new Set(rows.map(({ variables }) => variables))).toEqual(new Set(['']));
    const { AWS_REGION: _, ...secret } = stack.facts.environment;
    expect(Object.keys(secret)).toContain('AWS_SECRET_ACCESS_KEY');
    for (const { held } of rows) expect(held).not.toMatch(/AWS_|DAYBREAK_|AccessKey|secret|token/i);
    const lines = (await readLog(stack.facts, 'Modules')).filter(({ job }) => job === state.job.job);
    expect(JSON.stringify(lines).length).toBeLessThan(20_000);
    expect(lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/ more are not shown$/));
  });

  it('misbehaved leaves nothing to the next jobs, which have the same functions', async () => {
    for (const [module] of FAILING) await stack.waitFor(misbehaving(module));
    const jobs = ['modules-next', 'modules-next-too', 'modules-next-again'];
    for (const job of jobs) await submitSpec(job, countedSpec(stack, job, { steps: [DOUBLE, COUNT] }));
    for (const job of jobs) await requireCounted(stack, job, 2);
  });
});
