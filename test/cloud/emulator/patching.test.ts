/** A ministack that moved what a hook replaces is refused at start, by name. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pythonPath } from '../../../scripts/setup-python.ts';

const folder = fileURLToPath(new URL('../../emulator', import.meta.url));
const run = (code: string) => {
  const { status, stderr } = spawnSync(pythonPath('emulator'), ['-c', `import patching\n${code}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, lastLine: stderr.trim().split('\n').at(-1) };
};

describe('the hooks', () => {
  it.each([
    [
      'a name that is gone',
      'patching.replace(patching, "gone", lambda old: old)',
      "patching of ministack has no 'gone'",
    ],
    ['an entry that is gone', 'patching.replace_entry({}, "gone", lambda old: old)', "has no entry 'gone'"],
    ['an entry that has come', 'patching.add_entry({"come": 1}, "come", 2)', 'remove the hook'],
    [
      'another version',
      'patching.WRITTEN_FOR = "0.0.0"\npatching.require_version()',
      'are written for 0.0.0',
    ],
  ])('fail for %s', (_, code, message) => {
    expect(run(code)).toEqual({ status: 1, lastLine: expect.stringContaining(message) });
  });

  it('find all that they replace in the ministack that is installed', () => {
    expect(
      run(
        'import lifetime\nlifetime.begin()\nimport os\nos.environ["GATEWAY_PORT"] = "1"\nimport hooks\nhooks.install()',
      ),
    ).toMatchObject({ status: 0 });
  });
});
