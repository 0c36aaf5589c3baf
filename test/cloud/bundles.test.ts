/** The real bundles: what is in them, that they start, and that the same checkout gives the same ones. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Bundles, withBundles } from '../../cdk/code/bundle-functions.ts';
import { FUNCTIONS, TASK_FUNCTIONS } from '../../functions/contract/environment.ts';
import { FUNCTION_ENVIRONMENT } from './function-environment.ts';

const root = path.resolve(import.meta.dirname, '../..');
const MEBIBYTE = 1024 * 1024;
/** Of a function's code, unzipped. @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_BYTES = 250 * MEBIBYTE;
const HERE = process.arch === 'arm64' ? 'arm64' : 'x86_64';

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(folder, name)).isFile())
    .sort();
const sizeOf = (folder: string): number =>
  filesIn(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
const digestOf = (folder: string): string => {
  const hash = createHash('sha256');
  for (const name of filesIn(folder)) hash.update(name).update(readFileSync(path.join(folder, name)));
  return hash.digest('hex');
};

const withHere = <Result>(use: (bundles: Bundles) => Result): Promise<Result> =>
  withBundles({ root, architecture: HERE }, use);

describe('the bundles', () => {
  it('hold every function, with the engine where it is imported and only there', async () => {
    await withHere(({ bundles, paths }) => {
      const functions = bundles.filter(({ name }) => (FUNCTIONS as readonly string[]).includes(name));
      expect(functions.map(({ name }) => name).sort()).toEqual([...FUNCTIONS].sort());
      const withEngine = bundles.filter(({ folder }) => folder === 'engine').map(({ name }) => name);
      expect(withEngine).toEqual(expect.arrayContaining(['split', ...TASK_FUNCTIONS]));
      expect(withEngine).not.toContain('authorizer');
      expect(filesIn(paths.plain).filter((name) => name.includes('node_modules'))).toEqual([]);
      expect(filesIn(paths.engine)).toContain('node_modules/@duckdb/node-api/package.json');
      for (const { name, folder, bytes } of bundles)
        process.stdout.write(`${name}: ${folder}, ${Math.round(bytes / 1024)} KiB\n`);
      process.stdout.write(`engine: ${(sizeOf(paths.engine) / MEBIBYTE).toFixed(1)} MiB in all\n`);
      expect(sizeOf(paths.engine)).toBeLessThan(MOST_BYTES);
    });
  });

  it('start by themselves: each loads, and has a handler', async () => {
    await withHere(({ bundles, paths }) => {
      for (const { name, folder } of bundles.filter(({ name: each }) => !each.endsWith('-process'))) {
        const load = `import(${JSON.stringify(path.join(paths[folder], `${name}.mjs`))}).then(({ handler }) => console.log(typeof handler))`;
        const { stdout, stderr } = spawnSync(process.execPath, ['--eval', load], {
          encoding: 'utf8',
          timeout: 60_000,
          env: FUNCTION_ENVIRONMENT,
          cwd: paths[folder],
        });
        expect([name, stdout.trim(), stderr]).toEqual([name, 'function', '']);
      }
    });
  });

  it('are the same bytes each time: a deploy without a change changes nothing', async () => {
    const digests = () => withHere(({ paths }) => [digestOf(paths.engine), digestOf(paths.plain)]);
    expect(await digests()).toEqual(await digests());
  });

  it('have the native package of the other processor too, as the lockfile knows it', async () => {
    for (const [architecture, platform] of [
      ['arm64', 'linux-arm64'],
      ['x86_64', 'linux-x64'],
    ] as const) {
      const native = await withBundles({ root, architecture }, ({ paths }) =>
        filesIn(paths.engine).filter((name) => name.endsWith('duckdb.node')),
      );
      expect(native).toEqual([`node_modules/@duckdb/node-bindings-${platform}/duckdb.node`]);
    }
  });
});
