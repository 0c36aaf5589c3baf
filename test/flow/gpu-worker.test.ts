import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runPytest } from '../../scripts/run-pytest.ts';

const files = readdirSync(new URL('../../gpu-image/tests', import.meta.url))
  .filter((name) => name.startsWith('test_'))
  .sort();

describe('the worker in Python', () => {
  for (const file of files)
    it(`keeps the laws of ${file}`, async () => {
      expect(await runPytest([`tests/${file}`])).toMatch(/^\d+ passed/);
    });
});
