/** Law: what a job answers, publishes or refuses does not depend on the number of its stages and tasks. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDaybreak } from './daybreak-process.ts';
import { judgeOutput, outputRows, query, type SpecText, writeSpec } from './job-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-plans-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const out = (): string => join(folder, 'out');

const PLANS = [
  ['1', '1'],
  ['4', '3'],
] as const;

/** Runs the spec in one task and in many, and tells the exit code, the first line of an error, and the manifest. */
const runAll = async (spec: SpecText) => {
  const found = [];
  for (const [map, reduce] of PLANS) {
    await rm(out(), { recursive: true, force: true });
    await writeSpec(folder, { output: { uri: 'out' }, ...spec });
    const args = ['run', 'spec.yaml', '--map-tasks', map, '--reduce-tasks', reduce];
    const { exitCode, stderr } = await runDaybreak(args, { cwd: folder });
    const manifest = judgeOutput(out());
    found.push({
      exitCode,
      stderr,
      counts: manifest?.counts,
      files: manifest?.parts.length,
      rows: manifest === undefined ? undefined : await outputRows(out()),
    });
  }
  return found;
};
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

describe('a limit on rejects', () => {
  /** Four rows that the reader rejects, four that a function does, in the stage behind a shuffle where there is one. */
  const writeBoth = async (): Promise<SpecText> => {
    const lines = Array.from({ length: 2000 }, (_, n) => (n % 500 === 3 ? 'bad' : String(n)));
    await write('input.csv', `n\n${lines.join('\n')}\n`);
    await write(
      'module.mjs',
      "export default ({ keys }) => { if (keys.n < 4n || keys.n === 7n) throw new Error('no'); return { n: keys.n }; };",
    );
    return {
      input: { uri: 'input.csv', csv: { types: { n: 'BIGINT' } } },
      steps: [{ group_by: { keys: ['n'], map_groups: { module: 'module.mjs', output: { n: 'BIGINT' } } } }],
    };
  };

  it('in rows is of the whole job, wherever they were rejected', async () => {
    const spec = await writeBoth();
    for (const ended of await runAll({ ...spec, errors: { max_rejects: 7 } })) {
      expect(ended.exitCode, ended.stderr).toBe(3);
      expect(ended.stderr).toMatch(
        /^TooManyRejectsError: 8( of 2000)? input rows were rejected, and errors\.max_rejects is 7; 4 cast in column "n", 4 module error; /m,
      );
    }
    for (const ended of await runAll({ ...spec, errors: { max_rejects: 8 } })) {
      expect(ended.exitCode, ended.stderr).toBe(0);
      expect(ended.counts).toMatchObject({ read: 2000, rejected: 8, written: 1992 });
    }
  });

  it('as a rate is of the rows that the job read, not of what a later stage did', async () => {
    await write('input.csv', `n\n${Array.from({ length: 5000 }, (_, n) => n).join('\n')}\n`);
    await write(
      'module.mjs',
      "export default ({ k }) => { if (k === 3n) throw new Error('no'); return { k }; };",
    );
    const spec = {
      input: { uri: 'input.csv' },
      steps: [
        { extend: { k: 'n % 10' } },
        { group_by: { keys: ['k'], aggregates: { rows: 'count(*)' } } },
        { map: { module: 'module.mjs', output: { k: 'BIGINT' } } },
      ],
    };
    for (const ended of await runAll({ ...spec, errors: { max_rejects: '1%' } })) {
      expect(ended.exitCode, ended.stderr).toBe(0);
    }
    for (const ended of await runAll({ ...spec, errors: { max_rejects: '0.01%' } })) {
      expect(ended.exitCode, ended.stderr).toBe(3);
      expect(ended.stderr).toMatch(/^TooManyRejectsError: 1 of 5000 input row was rejected/m);
    }
  });
});

describe('a function behind a CSV whose cuts are guessed wrong', () => {
  it('sees the rows that are there and no other, whatever it would do with those', async () => {
    // One value with thousands of lines that look like rows.
    const looks = Array.from({ length: 120_000 }, () => '99,evil').join('\n');
    await write('input.csv', `id,text\n0,ok\n1,ok\n2,"${looks}"\n3,ok\n4,ok\n`);
    await write(
      'module.mjs',
      `import { writeFileSync } from 'node:fs';
       export default ({ id, text }) => {
         if (text === 'evil') { writeFileSync('evil', ''); process.exit(3); }
         return { id, size: BigInt(text.length) };
       };`,
    );
    const found = await runAll({
      input: { uri: 'input.csv', csv: { columns: { id: 'BIGINT', text: 'VARCHAR' } } },
      steps: [{ map: { module: 'module.mjs', output: { id: 'BIGINT', size: 'BIGINT' } } }],
    });
    const expected = [0, 1, 2, 3, 4].map((id) => ({ id: `${id}`, size: `${id === 2 ? looks.length : 2}` }));
    for (const { exitCode, stderr, rows } of found) {
      expect(exitCode, stderr).toBe(0);
      expect(rows).toEqual(expected);
    }
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });

  it('has its rejects counted once, from the tasks that count', async () => {
    const lines = Array.from({ length: 4000 }, (_, n) => `${n},"a\n${n},b"`);
    await write('input.csv', `id,text\n${lines.join('\n')}\n`);
    await write(
      'module.mjs',
      "export default ({ id }) => { if (id % 100n === 0n) throw new Error('no'); return { id }; };",
    );
    const found = await runAll({
      input: { uri: 'input.csv', csv: { columns: { id: 'BIGINT', text: 'VARCHAR' }, quote: '"' } },
      steps: [{ map: { module: 'module.mjs', output: { id: 'BIGINT' } } }],
      errors: { max_rejects: '1%' },
    });
    for (const { exitCode, stderr, counts } of found) {
      expect(exitCode, stderr).toBe(0);
      expect(counts).toMatchObject({ read: 4000, rejected: 40, written: 3960 });
    }
  });
});

it('runs a function over JSON lines in many tasks at once, for any cut between lines is right', async () => {
  const lines = Array.from({ length: 4000 }, (_, n) => JSON.stringify({ id: n, text: 'a\n"b' }));
  await write('input.jsonl', `${lines.join('\n')}\n`);
  await write('module.mjs', 'export default ({ id }) => ({ id });');
  const found = await runAll({
    input: { uri: 'input.jsonl' },
    steps: [{ map: { module: 'module.mjs', output: { id: 'BIGINT' } } }],
  });
  for (const { exitCode, stderr, counts } of found) {
    expect(exitCode, stderr).toBe(0);
    expect(counts).toMatchObject({ read: 4000, written: 4000 });
    expect(stderr).not.toMatch(/replaced|amended|cut/);
  }
});

it('leaves as many files as a repartition says', async () => {
  await write('input.csv', `n\n${Array.from({ length: 100 }, (_, n) => n).join('\n')}\n`);
  const found = await runAll({ input: { uri: 'input.csv' }, steps: [{ repartition: { partitions: 5 } }] });
  for (const { exitCode, stderr, files, rows } of found) {
    expect(exitCode, stderr).toBe(0);
    expect(files).toBe(5);
    expect(rows).toHaveLength(100);
  }
});

it('reads no row group that the first filters rule out, counts its rows apart, and answers the same', async () => {
  await query(
    `COPY (SELECT i AS n, i % 7 AS k FROM range(20000) t(i)) TO '${folder}/input.parquet' (ROW_GROUP_SIZE 2048)`,
  );
  const found = await runAll({
    input: { uri: 'input.parquet' },
    steps: [
      { filter: 'n >= 15000' },
      { filter: 'n < 15007' },
      { group_by: { keys: ['k'], aggregates: { rows: 'count(*)' } } },
    ],
  });
  for (const { exitCode, stderr, rows, counts } of found) {
    expect(exitCode, stderr).toBe(0);
    expect(rows).toHaveLength(7);
    expect((counts?.read ?? 0) + (counts?.pruned ?? 0)).toBe(20_000);
  }
  expect(found.map(({ counts }) => counts?.pruned)).toEqual([0, 20_000 - 2048]);
});

it('passes over lines of JSON that hold white space alone, of every kind', async () => {
  const lines = Array.from({ length: 300 }, (_, n) =>
    n % 50 === 9 ? ['\f', '\v', ' \t\v\f'][n % 3] : `{"n":${n}}`,
  );
  await write('input.jsonl', `${lines.join('\n')}\n`);
  const found = await runAll({ input: { uri: 'input.jsonl' } });
  for (const { exitCode, stderr, rows } of found) {
    expect(exitCode, stderr).toBe(0);
    expect(rows).toHaveLength(294);
  }
});

it('counts distinct pairs, though no block can carry one', async () => {
  const lines = Array.from({ length: 3000 }, (_, n) => `${n % 3},${n % 7},${n % 5 === 0 ? '' : n % 5}`);
  await write('input.csv', `k,a,b\n${lines.join('\n')}\n`);
  const expected = await query(
    `SELECT k, count(DISTINCT (a, b)) AS pairs FROM read_csv('${folder}/input.csv') GROUP BY k ORDER BY ALL`,
  );
  const group_by = { keys: ['k'], aggregates: { pairs: 'count(DISTINCT (a, b))' } };
  for (const { exitCode, stderr, rows } of await runAll({
    input: { uri: 'input.csv' },
    steps: [{ group_by }],
  })) {
    expect(exitCode, stderr).toBe(0);
    expect(rows).toEqual(expected);
  }
});
