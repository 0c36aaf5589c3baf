import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runPytest } from '../../scripts/run-pytest.ts';
import { pythonPath } from '../../scripts/setup-python.ts';

const folder = fileURLToPath(new URL('../../gpu-image', import.meta.url));
const files = readdirSync(`${folder}/tests`)
  .filter((name) => name.startsWith('test_'))
  .sort();

describe('the worker in Python', () => {
  for (const arguments_ of [
    ['check', '--no-cache'],
    ['format', '--check', '--no-cache'],
  ])
    it(`is clean by ruff ${arguments_[0]}`, () => {
      const { status, stdout } = spawnSync(pythonPath('worker'), ['-m', 'ruff', ...arguments_, '.'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect({ status, stdout }).toMatchObject({ status: 0 });
    });
  for (const file of files)
    it(`keeps the laws of ${file}`, async () => {
      expect(await runPytest([`tests/${file}`])).toMatch(/^\d+ passed/);
    });
});
