/** Law: whoever follows docs/blocks.md to the letter reads each row of a stage once. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFileStore } from '../../functions/io/file-store.ts';
import { listAmendments } from '../../functions/io/seal-stage.ts';
import { pythonPath } from '../../scripts/setup-python.ts';
import { runDaybreak } from './daybreak-process.ts';
import { query, writeSpec } from './job-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'daybreak-blocks-'));
let python: string;
beforeAll(() => {
  python = pythonPath();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The only Python of the page, about the job `one`, and what it found as JSON. */
const scriptOf = (page: string): string => {
  const [code, ...more] = [...page.matchAll(/```python\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
  if (code === undefined || more.length > 0) throw new Error('the page has one piece of Python');
  const named = code.replace('"my-job"', '"one"');
  expect(named).not.toBe(code);
  return `${named}
print(json.dumps([[number, row["n"], row["k"]] for number, table in tables.items() for row in table.to_pylist()]))
`;
};

it('also where commits of tasks lie there that were replaced', async () => {
  const lines = Array.from({ length: 900 }, (_, n) => `${n},"k${n % 11}"`);
  // A quoting error: the file becomes one task, and the commits of the others stay.
  lines.splice(800, 0, '1,"k"x');
  writeFileSync(join(folder, 'input.csv'), `n,k\n${lines.join('\n')}\n`);
  await writeSpec(folder, {
    input: { uri: 'input.csv', csv: { quote: '"' } },
    steps: [{ repartition: { by: ['k'] } }],
    output: { uri: 'out' },
    errors: { max_rejects: 5 },
  });
  const tasks = ['--map-tasks', '4', '--reduce-tasks', '2'];
  const ended = await runDaybreak(['run', 'spec.yaml', '--id', 'one', '--keep-blocks', ...tasks], {
    cwd: folder,
  });
  expect(ended.exitCode, ended.stderr).toBe(0);
  const store = await openFileStore(join(folder, '.daybreak'));
  const voided = (await listAmendments(store, { job: 'one', run: '0001', stage: '00-map' })).flatMap(
    (amendment) => amendment.void,
  );
  expect(voided.length).toBeGreaterThanOrEqual(4);

  const page = readFileSync(join(import.meta.dirname, '../../docs/blocks.md'), 'utf8');
  const { status, stdout, stderr } = spawnSync(python, ['-c', scriptOf(page)], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  expect(status, stderr).toBe(0);
  const rows = JSON.parse(stdout) as readonly [number, number, string][];
  const found = rows.map(([, n, k]) => `${n} ${k}`).sort();
  const expected = await query(
    `SELECT n || ' ' || k AS row FROM read_parquet('${folder}/out/part-*.parquet')`,
  );
  expect(found).toEqual(expected.map(({ row }) => row).sort());
  expect(found).toHaveLength(900);
  // Equal keys meet in one partition.
  expect(new Set(rows.map(([partition, , k]) => `${partition} ${k}`)).size).toBe(11);
});
