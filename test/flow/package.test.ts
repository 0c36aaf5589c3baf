/** Law: the packed package installs in an empty folder, and its command and library run there by themselves. */
import { realpathSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, NODE, startProcess } from './daybreak-process.ts';
import { judgeOutput, outputRows } from './job-folder.ts';

const checkout = join(import.meta.dirname, '../..');
/** The registry may be slow, where npm's cache lacks the engine (70 MB). */
const INSTALL_SECONDS = 240;

let folder: string;
const run = async (cwd: string, program: string, ...args: readonly string[]): Promise<Ended> => {
  // The package asks for Node 22 or later: the Node of the project, and nothing else of its packages.
  const env = { PATH: [dirname(realpathSync(NODE)), process.env.PATH].join(delimiter) };
  const ended = await startProcess(program, args, { cwd, env, limitSeconds: INSTALL_SECONDS }).ended;
  expect(ended.exitCode, `${program} ${args.join(' ')}\n${ended.stdout}${ended.stderr}`).toBe(0);
  return ended;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-package-'));
  // Without scripts: `prepare` would build `dist` anew under the other tests' feet.
  await run(checkout, 'npm', 'pack', '--ignore-scripts', '--pack-destination', folder);
  const [tarball = ''] = await readdir(folder);
  await run(folder, 'npm', 'install', join(folder, tarball), '--prefer-offline', '--no-audit', '--no-fund');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('runs a job by npx', async () => {
  await writeFile(join(folder, 'a.csv'), 'team,hours\nred,1\nblue,2\nred,3\n');
  await writeFile(
    join(folder, 'hours.yaml'),
    `name: hours
input: { uri: a.csv }
steps:
  - group_by: { keys: [team], aggregates: { hours: sum(hours) } }
output: { uri: out }
`,
  );
  const { stdout } = await run(folder, 'npx', '--no', 'daybreak', 'run', 'hours.yaml', '--show', '5');
  expect(stdout).toMatch(/^team +hours\n/m);
  expect(judgeOutput(join(folder, 'out'))?.rows).toBe(2);
  expect(await outputRows(join(folder, 'out'))).toEqual([
    { team: 'blue', hours: '2' },
    { team: 'red', hours: '4' },
  ]);
});

it('is a typed library that builds the same spec', async () => {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(
    join(folder, 'build.ts'),
    `import { job, type JobSpec, parseSpec } from 'daybreak';

const spec: JobSpec = job('hours')
  .read('a.csv')
  .groupBy(['team'], { hours: 'sum(hours)' })
  .write('built', { format: 'parquet' })
  .toSpec();

export const neverCalled = () => {
  // @ts-expect-error a path is text
  job('wrong').read(1);
  // @ts-expect-error there is no such format
  job('wrong').read('a.csv').write('out', { format: 'xlsx' });
};

const again = parseSpec(JSON.stringify(spec), { file: 'spec.json' });
console.log(JSON.stringify(again));
`,
  );
  const strict = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    '',
    '--lib',
    'es2023,dom',
  ];
  await run(folder, join(checkout, 'node_modules/.bin/tsc'), ...strict, 'build.ts');
  const { stdout } = await run(folder, 'node', 'build.js');
  await writeFile(join(folder, 'built.json'), stdout);
  await run(folder, 'npx', '--no', 'daybreak', 'run', 'built.json');
  expect(await outputRows(join(folder, 'built'))).toEqual(await outputRows(join(folder, 'out')));
});

it('exports the JSON Schema of the spec', async () => {
  const read = `import schema from 'daybreak/spec.schema.json' with { type: 'json' }; console.log(schema.$schema);`;
  const { stdout } = await run(folder, 'node', '--input-type=module', '--eval', read);
  expect(stdout).toMatch(/^https:\/\/json-schema\.org\//);
});
