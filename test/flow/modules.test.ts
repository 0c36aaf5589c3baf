/**
 * Law: a job with user modules gives the same rows in one task and in many; what a function does not process is a
 * reject with its cause, beside those of the reader; the job runs the bytes that it was submitted with.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Report } from '../../functions/contract/report.ts';
import {
  type Ended,
  lastLine,
  NODE,
  runDaybreak,
  startDaybreak,
  startProcess,
  until,
} from './daybreak-process.ts';
import { judgeOutput, outputRows, query, type SpecText, writeSpec } from './job-folder.ts';

const ROOT = join(import.meta.dirname, '../..');
const FIXTURE = join(ROOT, 'test/fixtures/modules/all-kinds.ts');
const TASKS = [
  ['--map-tasks', '1', '--reduce-tasks', '1'],
  ['--map-tasks', '4', '--reduce-tasks', '3'],
] as const;

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-modules-'));
  out = join(folder, 'out');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Rows = Awaited<ReturnType<typeof query>>;

const run = async (args: readonly string[]): Promise<Ended> => runDaybreak(['run', ...args], { cwd: folder });

/** Runs to the end, judges the output, and returns rows and report. */
const succeed = async (
  args: readonly string[],
): Promise<{ readonly rows: Rows; readonly report: Report }> => {
  await rm(out, { recursive: true, force: true });
  const ended = await run([...args, '--json']);
  expect(ended.exitCode, ended.stderr).toBe(0);
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  const report = Report.parse(lastLine(ended));
  for (const { stage, counts } of report.stages) {
    const { read, grown, written, rejected, dropped, folded, cut, pruned } = counts;
    expect(read + grown, stage).toBe(written + rejected + dropped + folded + cut + pruned);
  }
  expect(judgeOutput(out)?.rows).toBe(report.rows.written);
  return { rows: await outputRows(out), report };
};

/** Each example of the documentation, and what plain SQL says of the same file. */
const REVIEWS = `read_csv('${ROOT}/examples/modules/data/reviews.csv')`;
const EXAMPLES: Readonly<Record<string, string>> = {
  clean: `SELECT id, lower(coalesce(text, '')) AS text, strftime(written_at, '%Y-%m') AS month FROM ${REVIEWS}`,
  words: `SELECT product, word, count(*) AS times
          FROM (SELECT product, unnest(regexp_extract_all(lower(text), '[a-z]{4,}')) AS word FROM ${REVIEWS})
          GROUP BY ALL ORDER BY times DESC, product, word LIMIT 20`,
  journeys: `SELECT customer, list(product ORDER BY written_at) AS path,
               date_diff('second', min(written_at), max(written_at))::INTEGER // 86400 AS days,
               (arg_max(stars, written_at) - arg_min(stars, written_at))::INTEGER AS change
             FROM ${REVIEWS} GROUP BY customer`,
};
const example = (name: string): string => join(ROOT, `examples/modules/${name}.yaml`);
const GIVEN = ['--input', join(ROOT, 'examples/modules/data/reviews.csv'), '--output', 'out'];

describe('the examples', () => {
  it.each(Object.keys(EXAMPLES))('%s gives the rows of plain SQL, in one task and in many', async (name) => {
    const expected = await query(`SELECT * FROM (${EXAMPLES[name]}) ORDER BY ALL`);
    for (const tasks of TASKS) {
      expect((await succeed([example(name), ...GIVEN, ...tasks])).rows).toEqual(expected);
    }
  });

  it('sentiment scores each review that has a text, in one task and in many', async () => {
    const [one, many] = [TASKS[0], TASKS[1]];
    const { rows } = await succeed([example('sentiment'), ...GIVEN, ...one]);
    expect(rows.map(({ id, label }) => `${id} ${label}`)).toEqual(
      'good bad bad bad good good good bad good'
        .split(' ')
        .map((label, index) => `${[1, 2, 3, 4, 5, 6, 8, 9, 10][index]} ${label}`),
    );
    expect((await succeed([example('sentiment'), ...GIVEN, ...many])).rows).toEqual(rows);
  });

  it('look-up asks a service for each row, and rejects those that it does not know', async () => {
    let [open, most] = [0, 0];
    const server = createServer((request, response) => {
      most = Math.max(most, ++open);
      setImmediate(() => {
        open -= 1;
        if (request.url === '/prices/chair') response.writeHead(404).end();
        else response.end(JSON.stringify({ price: request.url === '/prices/lamp' ? '12.50' : '30.00' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const url = `steps[0].map.options.url=http://127.0.0.1:${port}`;
      const args = [example('look-up'), ...GIVEN, '--set', url, '--set', 'errors.max_rejects=2'];
      const { rows, report } = await succeed([...args, '--map-tasks', '2', '--reduce-tasks', '1']);
      expect(rows).toEqual(
        await query(`SELECT id, product, CASE product WHEN 'lamp' THEN 12.50 ELSE 30 END::DECIMAL(10,2) AS price
                     FROM ${REVIEWS} WHERE product <> 'chair' ORDER BY ALL`),
      );
      expect(report.rows).toMatchObject({ read: 10, written: 8, rejected: 2 });
      expect(most).toBeLessThanOrEqual(16);
    } finally {
      server.close();
    }
  });

  it('look-up runs against the service that is shipped beside it', async () => {
    const server = startProcess(NODE, [join(ROOT, 'examples/modules/price-server.mjs'), '0'], {
      cwd: folder,
    });
    try {
      const url = await new Promise<string>((resolve) =>
        server.child.stdout?.once('data', (text: string) =>
          resolve(/http:\/\/[\d.:]+/.exec(text)?.[0] ?? ''),
        ),
      );
      const { report } = await succeed([
        example('look-up'),
        ...GIVEN,
        '--set',
        `steps[0].map.options.url=${url}`,
      ]);
      expect(report.rows).toMatchObject({ read: 10, written: 10, rejected: 0 });
    } finally {
      server.child.kill();
      await server.ended;
    }
  });
});

const ROWS = 3000;
const writeNumbers = (rows: number = ROWS): Promise<void> =>
  writeFile(join(folder, 'input.csv'), `n\n${Array.from({ length: rows }, (_, n) => n).join('\n')}\n`);
const moduleStep = (name: string, output: SpecText, more: SpecText = {}): SpecText => ({
  module: 'all-kinds.ts',
  export: name,
  output,
  ...more,
});
const MAP = { map: moduleStep('square', { n: 'BIGINT', square: 'HUGEINT' }) };
const FLAT_MAP = { flat_map: moduleStep('divisors', { n: 'BIGINT', square: 'HUGEINT', divisor: 'INTEGER' }) };
const BATCHES = {
  map_batches: moduleStep('label', { n: 'BIGINT', key: 'VARCHAR', share: 'DOUBLE' }, { batch_rows: 100 }),
};
const GROUPS = {
  group_by: {
    keys: ['key'],
    map_groups: moduleStep('collect', { key: 'VARCHAR', rows: 'BIGINT', first: 'BIGINT', shares: 'DOUBLE' }),
  },
};

const writeJob = async (steps: readonly SpecText[], more: SpecText = {}): Promise<void> => {
  await cp(FIXTURE, join(folder, 'all-kinds.ts'));
  await writeSpec(folder, { input: { uri: 'input.csv' }, steps, output: { uri: 'out' }, ...more });
};

describe('all kinds of modules in one job', () => {
  it('give the rows of SQL whatever the number of tasks, and every step conserves its rows', async () => {
    await writeNumbers();
    await writeJob([MAP, FLAT_MAP, { filter: 'divisor <> 2' }, BATCHES, GROUPS]);
    const expected = await query(`
      WITH pairs AS (SELECT n, unnest([d FOR d IN [2, 3, 5] IF n % d = 0]) AS divisor FROM range(${ROWS}) t(n))
      SELECT 'key ' || n % 7 AS key, count(*) AS rows, min(n) AS first, count(*) / 4 AS shares
      FROM pairs WHERE divisor <> 2 GROUP BY n % 7 ORDER BY ALL`);
    const pairs = ROWS / 2 + ROWS / 3 + ROWS / 5;
    const without = Array.from({ length: ROWS }, (_, n) => n).filter(
      (n) => n % 2 > 0 && n % 3 > 0 && n % 5 > 0,
    );
    for (const tasks of TASKS) {
      const { rows, report } = await succeed(['spec.yaml', ...tasks]);
      expect(rows).toEqual(expected);
      const steps = new Map<number, { grown: number; dropped: number; folded: number }>();
      for (const { step, grown, dropped, folded } of report.stages.flatMap((stage) => stage.steps)) {
        const sum = steps.get(step) ?? { grown: 0, dropped: 0, folded: 0 };
        steps.set(step, {
          grown: sum.grown + grown,
          dropped: sum.dropped + dropped,
          folded: sum.folded + folded,
        });
      }
      expect(Object.fromEntries(steps)).toEqual({
        0: { grown: 0, dropped: 0, folded: 0 },
        1: { grown: pairs - (ROWS - without.length), dropped: without.length, folded: 0 },
        2: { grown: 0, dropped: ROWS / 2, folded: 0 },
        3: { grown: 0, dropped: 0, folded: 0 },
        4: { grown: 0, dropped: 0, folded: pairs - ROWS / 2 - 7 },
      });
    }
  });
});

describe('rejects', () => {
  const BAD_LINES = ['x,1', 'y,2'];
  const causes = (): Promise<Rows> =>
    query(`SELECT step, cause, "column", error, count(*)::INTEGER AS rows
           FROM read_parquet('${out}/_rejects/*.parquet', union_by_name = true) GROUP BY ALL ORDER BY ALL`);
  const writeBad = async (more: SpecText = {}): Promise<void> => {
    const good = Array.from({ length: 1000 }, (_, n) => `${n},0`);
    const lines = [...good.slice(0, 300), BAD_LINES[0], ...good.slice(300), BAD_LINES[1]];
    await writeFile(join(folder, 'input.csv'), `n,m\n${lines.join('\n')}\n`);
    const output = { n: 'BIGINT' };
    await writeJob(
      [
        { map: moduleStep('fails', output, { timeout: '1s' }) },
        { map_batches: moduleStep('shortens', output, { batch_rows: 64 }) },
      ],
      {
        input: { uri: 'input.csv', csv: { types: { n: 'BIGINT', m: 'BIGINT' } } },
        errors: { max_rejects: 100 },
        ...more,
      },
    );
  };

  it('of reader, function, value and time lie in _rejects with their causes, and count in the manifest', async () => {
    await writeBad();
    for (const tasks of TASKS) {
      const { report } = await succeed(['spec.yaml', ...tasks]);
      const found = await causes();
      expect(found.filter(({ step }) => step !== null)).toEqual([
        { step: 0, cause: 'module_error', column: null, error: 'RangeError', rows: 10 },
        { step: 0, cause: 'module_error', column: null, error: 'TypeError', rows: 10 },
        { step: 0, cause: 'module_output', column: 'n', error: null, rows: 20 },
        { step: 0, cause: 'module_timeout', column: null, error: null, rows: 1 },
        { step: 1, cause: 'module_output', column: 'n', error: null, rows: 10 },
      ]);
      expect(found.filter(({ step }) => step === null).reduce((sum, { rows }) => sum + Number(rows), 0)).toBe(
        2,
      );
      expect(report.rows).toMatchObject({ read: 1002, written: 949, rejected: 53 });
      const manifest = judgeOutput(out);
      expect(manifest?.counts.rejected).toBe(53);
      expect(manifest?.rejects.reduce((sum, { rows }) => sum + rows, 0)).toBe(53);
    }
  });

  it.each([
    [0, 3],
    [52, 3],
    [53, 0],
    ['5%', 3],
    ['6%', 0],
  ])('above max_rejects %s end the job with 3', async (maxRejects, exitCode) => {
    await writeBad({ errors: { max_rejects: maxRejects } });
    const ended = await run(['spec.yaml', '--map-tasks', '1', '--reduce-tasks', '1']);
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    if (exitCode === 3) expect(ended.stderr).toMatch(/^TooManyRejectsError: /m);
    expect(existsSync(out)).toBe(exitCode === 0);
  });
});

describe('a job with modules that was killed', () => {
  it('goes on with the bytes that it was submitted with, and leaves no worker behind', async () => {
    await writeNumbers(400);
    await writeJob([{ map: moduleStep('slow', { n: 'BIGINT' }, { concurrency: 1 }) }]);
    const args = [
      'run',
      'spec.yaml',
      '--id',
      'killed',
      '--map-tasks',
      '4',
      '--reduce-tasks',
      '1',
      '--threads',
      '2',
    ];
    const { child, ended } = startDaybreak(args, { cwd: folder });
    const commits = join(folder, '.daybreak/jobs/killed/0001/00-map/commits');
    const committed = (): readonly string[] =>
      existsSync(commits) ? readdirSync(commits).filter((name) => name.endsWith('.json')) : [];
    await until(() => committed().length > 0, 'a commit', 60_000);
    const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ');
    expect(workers.length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await ended;
    const standing = new Map(committed().map((name) => [name, readFileSync(join(commits, name), 'utf8')]));
    expect(standing.size).toBeLessThan(4);
    await until(() => workers.every((pid) => !existsSync(`/proc/${pid}`)), 'the workers to end', 5000);
    await writeFile(join(folder, 'all-kinds.ts'), 'export const slow = () => ({ n: 0 });');
    const resumed = await runDaybreak(['resume', 'killed', '--json'], { cwd: folder });
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    for (const [name, text] of standing) expect(readFileSync(join(commits, name), 'utf8')).toBe(text);
    judgeOutput(out);
    expect(await outputRows(out)).toEqual(
      await query('SELECT n + 1000 AS n FROM range(400) t(n) ORDER BY ALL'),
    );
  });
});

describe('a module that cannot be bundled', () => {
  it.each([
    ['is not there', undefined, /ModuleBundleError: .*all-kinds\.ts/s],
    ['has a syntax error', 'export const square = (row) => {\n  return row +;\n};\n', /all-kinds\.ts:2:1\d/],
    ['lacks the export', 'export const squared = (row) => row;\n', /there is no export "square".*squared/s],
    [
      'imports what is not there',
      "import './gone.ts';\nexport const square = (row) => row;\n",
      /all-kinds\.ts:1:8(?!.* external)/,
    ],
  ])(
    'and %s is refused by run and plan, and none of the business of validate',
    async (_, source, message) => {
      await writeNumbers(10);
      await writeJob([MAP]);
      if (source === undefined) await rm(join(folder, 'all-kinds.ts'));
      else await writeFile(join(folder, 'all-kinds.ts'), source);
      expect(await runDaybreak(['validate', 'spec.yaml'], { cwd: folder })).toMatchObject({
        exitCode: 0,
        stderr: '',
      });
      for (const command of ['plan', 'run']) {
        const ended = await runDaybreak([command, 'spec.yaml'], { cwd: folder });
        expect(ended.exitCode).toBe(2);
        expect(ended.stderr).toMatch(message);
        expect(ended.stderr).not.toContain('please report');
      }
      expect(existsSync(join(folder, '.daybreak/jobs'))).toBe(false);
    },
  );
});
