/** Law: what `daybreak bundle` writes needs nothing beside it, helpers of the authors included. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runDaybreak } from './daybreak-process.ts';
import { outputRows, writeSpec } from './job-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-bundle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('writes one file that runs as the module does', async () => {
  await writeFile(
    join(folder, 'double.ts'),
    "import { defineMap } from 'daybreak';\nexport default defineMap<{ n: bigint }, { n: bigint }>(({ n }) => ({ n: n * 2n }));\n",
  );
  const bundled = await runDaybreak(['bundle', 'double.ts', '--out', 'bundled.mjs'], { cwd: folder });
  expect(bundled.exitCode, bundled.stderr).toBe(0);
  expect(bundled.stdout).toMatch(/^bundled\.mjs: [\d.]+ k?B\n$/);
  await rm(join(folder, 'double.ts'));
  await writeFile(join(folder, 'a.csv'), 'n\n1\n2\n');
  await writeSpec(folder, {
    input: { uri: 'a.csv' },
    steps: [{ map: { module: 'bundled.mjs', output: { n: 'BIGINT' } } }],
    output: { uri: 'out' },
  });
  const ran = await runDaybreak(['run', 'spec.yaml'], { cwd: folder });
  expect(ran.exitCode, ran.stderr).toBe(0);
  expect(await outputRows(join(folder, 'out'))).toEqual([{ n: '2' }, { n: '4' }]);
  expect(await readFile(join(folder, 'bundled.mjs'), 'utf8')).not.toMatch(/from ['"]daybreak['"]/);
});

it('says what is wrong with a module, and writes nothing', async () => {
  await writeFile(join(folder, 'bad.ts'), 'export default (;\n');
  const { exitCode, stderr } = await runDaybreak(['bundle', 'bad.ts', '--out', 'out.mjs'], { cwd: folder });
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^ModuleBundleError: .*bad\.ts/);
  await expect(readFile(join(folder, 'out.mjs'))).rejects.toThrow(/ENOENT/);
});
