/**
 * Law: what is hostile is refused or fails by name, within a bound of time and memory that this test enforces,
 * and nothing is written but the state of the job.
 */
import { createWriteStream } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, runDaybreak, startDaybreak, until } from './daybreak-process.ts';
import {
  busySteps,
  judgeOutput,
  listTree,
  outputRows,
  query,
  type SpecText,
  writeSpec,
} from './job-folder.ts';

const SMALL = { limitSeconds: 30, limitBytes: 500e6 };
/** For inputs of hundreds of megabytes, read with `--memory 500MB`: what DuckDB does not count comes on top. */
const LARGE = { limitSeconds: 90, limitBytes: 1.5e9 };
const LINE_MB = 200;

let shared: string;
let folder: string;
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'daybreak-hostile-shared-'));
});
afterAll(() => rm(shared, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), 'daybreak-hostile-'));
  await writeFile(join(folder, 'a.csv'), 'a,b\n1,x\n2,y\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const BASE: SpecText = { input: { uri: 'a.csv' }, output: { uri: 'out' } };
type Refusal = { readonly exitCode: number; readonly error: string };

const withoutState = (): readonly string[] =>
  listTree(folder).filter((path) => !path.startsWith('.daybreak/'));

/** Runs a spec that must end with an error of that name, and write nothing but the state of its job. */
const expectRefusal = async (
  spec: SpecText | string,
  { exitCode, error }: Refusal,
  more: { readonly args?: readonly string[]; readonly bounds?: typeof SMALL } = {},
): Promise<Ended> => {
  if (typeof spec === 'string') await writeFile(join(folder, 'spec.yaml'), spec);
  else await writeSpec(folder, { ...BASE, ...spec });
  const before = withoutState();
  const ended = await runDaybreak(['run', 'spec.yaml', ...(more.args ?? [])], {
    cwd: folder,
    ...(more.bounds ?? SMALL),
  });
  expect(ended.stderr).toMatch(new RegExp(`^${error}: `, 'm'));
  expect(ended.stderr).not.toMatch(/please report this/);
  expect(ended.exitCode).toBe(exitCode);
  expect(ended.stdout).toBe('');
  expect(withoutState()).toEqual(before);
  expect(listTree(join(folder, '.daybreak')).filter((path) => /^\.scratch\/./.test(path))).toEqual([]);
  return ended;
};

describe('an expression', () => {
  it.each([
    ['reads a file', "read_text('/etc/passwd')"],
    ['reads a table', "read_csv('/etc/passwd')"],
    ['lists files', "glob('/*')"],
    ['reads the environment', "getenv('HOME')"],
    ['reads a setting', "current_setting('threads')"],
    ['reads who runs it', 'current_user'],
    ['changes a setting', "set_config('threads', '1')"],
    ['loads an extension', "load_extension('httpfs')"],
    ['installs an extension', 'INSTALL httpfs'],
    ['runs a query', "query('SELECT 1')"],
    ['holds a second statement', "1; COPY (SELECT 1) TO 'stolen.csv'"],
    ['hides a second statement in a comment', 'a -- \n; SELECT 1'],
    ['holds a subquery', '(SELECT 1)'],
    ['holds a subquery in a lambda', 'list_transform([1], x -> (SELECT x))'],
    [
      'holds a recursion',
      '(WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t)',
    ],
    ['goes on into another clause', "1 FROM read_csv('/etc/passwd')"],
    ['is a union', '1 UNION SELECT 2'],
    ['looks at other rows', 'row_number() OVER ()'],
    ['nests too deep', `a${' + a'.repeat(20_000)}`],
    ['is too long', `'${'x'.repeat(100_000)}'`],
  ])('is refused that %s', async (_, expression) => {
    const isTooLong = expression.length > 65_536;
    const error = isTooLong ? 'SpecError' : 'ExpressionError';
    await expectRefusal({ steps: [{ extend: { v: expression } }] }, { exitCode: 2, error });
    expect(listTree(join(folder, '.daybreak')).filter((path) => path.startsWith('jobs/'))).toEqual([]);
  });

  it.each([
    ['makes a list beyond every limit', 'len(range(10000000000))', 'QueryError'],
    ['overflows', 'factorial(1000)', 'QueryError'],
  ])('fails that %s', async (_, expression, error) => {
    await expectRefusal({ steps: [{ extend: { v: expression } }] }, { exitCode: 1, error });
  });
});

describe('a spec', () => {
  it('is refused with 10,000 steps', async () => {
    const steps = Array.from({ length: 10_000 }, () => ({ filter: 'a > 0' }));
    const { stderr } = await expectRefusal({ steps }, { exitCode: 2, error: 'SpecError' });
    expect(stderr).toMatch(/steps: a spec has at most \d+ steps, found 10000/);
  });

  it('is refused that is a YAML bomb', async () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(10).fill(`*l${level}`).join(', ')}]`,
    );
    const bomb = [
      'name: bomb',
      'l0: &l0 [x, x]',
      ...levels,
      'input: { uri: a.csv }',
      'output: { uri: out }',
    ].join('\n');
    const { stderr } = await expectRefusal(bomb, { exitCode: 2, error: 'SpecError' });
    expect(stderr).toMatch(/aliases are not supported/);
  });

  it.each([
    ['nests without end', `name: x\nsteps: ${'['.repeat(100_000)}`],
    ['is a megabyte of brackets', `name: x\nsteps: [${'{},'.repeat(340_000)}]`],
    ['is larger than a spec can be', `name: x\n# ${'x'.repeat(2_000_000)}`],
    ['is binary', 'name: x\0y'],
  ])('is refused that %s', async (_, text) => {
    await expectRefusal(text, { exitCode: 2, error: 'SpecError' });
  });

  it.each([
    ['a name that is a path', ['--set', 'name=../../etc'], 'SpecError'],
    ['an id that is a path', ['--id', '../../escape'], 'UsageError'],
    ['a field of every object', ['--set', '__proto__.x=1'], 'SpecError'],
  ])('is refused with %s', async (_, args, error) => {
    await expectRefusal({}, { exitCode: 2, error }, { args });
  });
});

describe('an input', () => {
  const filled = async (name: string, head: string, tail: string): Promise<string> => {
    const path = join(shared, name);
    const megabyte = 'y'.repeat(1e6);
    await pipeline(
      Readable.from([head, ...Array<string>(LINE_MB).fill(megabyte), tail]),
      createWriteStream(path),
    );
    return path;
  };

  it.each([
    [
      'long.csv',
      'a,b\n1,x\n2,',
      '\n3,z\n',
      { exitCode: 2, error: 'InputFormatError' },
      /a line is longer than \d+ bytes/,
      '500MB',
    ],
    [
      'long.jsonl',
      '{"a":"x"}\n{"a":"',
      '"}\n{"a":"z"}\n',
      { exitCode: 2, error: 'InputFormatError' },
      /maximum_object_size/,
      '500MB',
    ],
    [
      'long.txt',
      'one\n',
      '\nthree\n',
      { exitCode: 3, error: 'TooManyRejectsError' },
      /long.txt:2: line too long/,
      // DuckDB puts the line together before it is too long: up to four times its bytes, by how its thread is scheduled.
      '1GB',
    ],
  ])(`is refused with a line of ${LINE_MB} MB: %s`, async (name, head, tail, refusal, sentence, memory) => {
    const uri = await filled(name, head, tail);
    const ended = await expectRefusal({ input: { uri } }, refusal, {
      args: ['--memory', memory],
      bounds: LARGE,
    });
    expect(ended.stderr).toMatch(sentence);
    await rm(uri);
  });

  it('is refused that unpacks to a line of 2 GB', async () => {
    const uri = join(shared, 'bomb.jsonl.gz');
    const chunk = Buffer.alloc(1e6, 'y');
    const source = Readable.from(
      (function* () {
        yield Buffer.from('{"a":"');
        for (let index = 0; index < 2000; index += 1) yield chunk;
      })(),
    );
    await pipeline(source, createGzip({ level: 1 }), createWriteStream(uri));
    const refusal = { exitCode: 2, error: 'InputFormatError' };
    await expectRefusal({ input: { uri } }, refusal, { args: ['--memory', '500MB'], bounds: LARGE });
  });

  const columns = Array.from({ length: 20_000 }, (_, index) => `c${index}`);
  it.each([
    [
      '20,000 columns of CSV',
      'x.csv',
      `${columns.join()}\n${columns.map(() => 1).join()}\n`,
      2,
      'LimitError',
    ],
    [
      '20,000 fields of JSON',
      'x.jsonl',
      `${JSON.stringify(Object.fromEntries(columns.map((name) => [name, 1])))}\n`,
      2,
      'LimitError',
    ],
    ['a column named twice in CSV', 'x.csv', 'a,b,A\n1,2,3\n', 2, 'InputSchemaError'],
    ['a column without a name in CSV', 'x.csv', 'a,,c\n1,2,3\n', 2, 'InputSchemaError'],
    ['a field named twice in JSON', 'x.jsonl', '{"a":1,"a":2}\n', 3, 'TooManyRejectsError'],
    ['invalid UTF-8 in CSV', 'x.csv', Buffer.from('a,b\n1,x\xff\n', 'latin1'), 3, 'TooManyRejectsError'],
    [
      'invalid UTF-8 in JSON',
      'x.jsonl',
      Buffer.from('{"a":"x"}\n{"a":"x\xff"}\n', 'latin1'),
      3,
      'TooManyRejectsError',
    ],
    ['invalid UTF-8 in text', 'x.txt', Buffer.from('x\xff\n', 'latin1'), 3, 'TooManyRejectsError'],
    ['a NUL in JSON', 'x.jsonl', '{"a":"x"}\n{"a":"x\0y"}\n', 3, 'TooManyRejectsError'],
    ['no byte at all', 'x.csv', '', 2, 'InputSchemaError'],
    ['noise that says it is gzip', 'x.csv.gz', 'not gzip at all', 2, 'InputFormatError'],
    ['two words of Parquet', 'x.parquet', 'PAR1PAR1', 2, 'InputFormatError'],
    [
      'a Parquet footer of 2 GB',
      'x.parquet',
      Buffer.from(`PAR1${'\xff'.repeat(12)}\x7fPAR1`, 'latin1'),
      2,
      'InputFormatError',
    ],
  ])('is refused with %s', async (_, name, bytes, exitCode, error) => {
    await writeFile(join(folder, name), bytes);
    await expectRefusal({ input: { uri: name } }, { exitCode, error });
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['overwritten inside', (bytes: Buffer) => bytes.fill(0, 1000, 200_000)],
  ])('is refused that is a Parquet file %s', async (_, damage) => {
    const flights = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-3m.parquet');
    await writeFile(join(folder, 'x.parquet'), damage(await readFile(flights)));
    await expectRefusal({ input: { uri: 'x.parquet' } }, { exitCode: 2, error: 'InputFormatError' });
  });

  it('keeps a value that nests 20,000 levels deep', async () => {
    const depth = 20_000;
    await writeFile(join(folder, 'x.jsonl'), `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}\n`);
    await writeSpec(folder, {
      ...BASE,
      input: { uri: 'x.jsonl' },
      steps: [{ select: { a: 'a IS NOT NULL' } }],
    });
    const ended = await runDaybreak(['run', 'spec.yaml'], { cwd: folder, ...SMALL });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(await outputRows(join(folder, 'out'))).toEqual([{ a: true }]);
  });

  it.each([
    ['x.csv', 'a,b\n1,x\0y\n'],
    ['x.txt', 'x\0y\n'],
  ])('keeps a NUL in a value: %s', async (uri, text) => {
    await writeFile(join(folder, uri), text);
    await writeSpec(folder, { ...BASE, input: { uri } });
    const ended = await runDaybreak(['run', 'spec.yaml'], { cwd: folder, ...SMALL });
    expect(ended.exitCode, ended.stderr).toBe(0);
    expect(Object.values((await outputRows(join(folder, 'out')))[0] ?? {})).toContain('x\0y');
  });

  it.each([
    ['grows', () => appendFile(join(folder, 'a.csv'), '3,z\n'), /has 16 bytes, but had 12/],
    [
      'is replaced',
      async () => {
        await writeFile(join(folder, 'other.csv'), 'a,b\n8,x\n9,y\n');
        await rename(join(folder, 'other.csv'), join(folder, 'a.csv'));
      },
      /was replaced by another file/,
    ],
  ])('fails the job by name where it %s meanwhile', async (_, change, sentence) => {
    await writeSpec(folder, { ...BASE, steps: busySteps(300) });
    const { ended } = startDaybreak(['run', 'spec.yaml', '--id', 'one'], { cwd: folder, ...SMALL });
    await until(() => listTree(folder).some((path) => /0001\/running\/.+/.test(path)), 'the job to run');
    await change();
    const { exitCode, stderr } = await ended;
    expect(stderr).toMatch(/^InputChangedError: /m);
    expect(stderr).toMatch(sentence);
    expect(exitCode).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(['.daybreak', 'a.csv', 'spec.yaml']);
  });
});

describe('more groups than memory', () => {
  it('spill, or fail by name, within a bound of memory', async () => {
    const uri = join(shared, 'groups.csv');
    await query(
      `COPY (SELECT md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS k, i AS v FROM range(1000000) t(i)) TO '${uri}'`,
    );
    const steps = [{ group_by: { keys: ['k'], aggregates: { rows: 'count(*)', most: 'max(v)' } } }];
    const spec = { input: { uri }, steps };
    const bounds = { limitSeconds: 90, limitBytes: 700e6 };
    await expectRefusal(
      spec,
      { exitCode: 1, error: 'TaskMemoryError' },
      { args: ['--memory', '64MB'], bounds },
    );
    const spilled = await runDaybreak(['run', 'spec.yaml', '--memory', '200MB'], { cwd: folder, ...bounds });
    expect(spilled.exitCode, spilled.stderr).toBe(0);
    expect(judgeOutput(join(folder, 'out'))?.rows).toBe(1_000_000);
  });
});

describe('a path', () => {
  const run = async (spec: SpecText, cwd = folder): Promise<Ended> => {
    await writeSpec(cwd, { ...BASE, ...spec });
    return runDaybreak(['run', 'spec.yaml'], { cwd, ...SMALL });
  };

  it('may go up, and means what it means from where the command is run', async () => {
    const below = join(folder, 'below');
    await mkdir(below);
    const { exitCode, stderr } = await run(
      { input: { uri: '../a.csv' }, output: { uri: '../results/x/../out' } },
      below,
    );
    expect(exitCode, stderr).toBe(0);
    expect(judgeOutput(join(folder, 'results/out'))?.rows).toBe(2);
    expect((await readdir(folder)).sort()).toEqual(['a.csv', 'below', 'results']);
  });

  it('follows links on the way to the input and the output', async () => {
    await mkdir(join(folder, 'real/in'), { recursive: true });
    await writeFile(join(folder, 'real/in/x.csv'), 'a\n1\n');
    await symlink('in', join(folder, 'real/in/again'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    const { exitCode, stderr } = await run({ input: { uri: 'link/in/x.csv' }, output: { uri: 'link/out' } });
    expect(exitCode, stderr).toBe(0);
    expect(judgeOutput(join(folder, 'real/out'))?.rows).toBe(1);
    expect((await readdir(join(folder, 'real'))).sort()).toEqual(['in', 'out']);
  });

  it('reads a folder once whose links lead back to it', async () => {
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in/x.csv'), 'a\n1\n');
    await symlink('..', join(folder, 'in/loop'));
    await symlink('.', join(folder, 'in/self'));
    await writeFile(join(folder, 'in/y.csv'), 'a\n2\n');
    await rm(join(folder, 'a.csv'));
    const { exitCode, stderr } = await run({ input: { uri: 'in', format: 'csv' } });
    expect(exitCode, stderr).toBe(0);
  });

  it('is refused as output where it is a link to nothing', async () => {
    await symlink('nowhere', join(folder, 'out'));
    await expectRefusal({}, { exitCode: 2, error: 'OutputExistsError' });
  });

  it('is refused as output where it is a file', async () => {
    await expectRefusal({ output: { uri: 'a.csv', mode: 'overwrite' } }, { exitCode: 2, error: 'SpecError' });
    await writeFile(join(folder, 'file'), '');
    await expectRefusal(
      { output: { uri: 'file', mode: 'overwrite' } },
      { exitCode: 2, error: 'OutputExistsError' },
    );
  });

  it.each([
    ['in the folder that is read', { input: { uri: 'data' }, output: { uri: 'data/out' } }],
    ['in it, by a link', { input: { uri: 'data' }, output: { uri: 'link/out' } }],
    ['in it, where the input is a link', { input: { uri: 'link' }, output: { uri: 'data/out' } }],
    ['where a pattern reads', { input: { uri: 'data/**' }, output: { uri: 'data/out' } }],
    ['above the input', { input: { uri: 'data/sub/x.csv' }, output: { uri: 'data', mode: 'overwrite' } }],
    [
      'above a linked input',
      { input: { uri: 'data/linked.csv' }, output: { uri: 'data/sub', mode: 'overwrite' } },
    ],
    ['in the work folder', { input: { uri: 'data/sub/x.csv' }, output: { uri: '.daybreak/out' } }],
  ])('is refused as output %s', async (_, spec) => {
    await mkdir(join(folder, 'data/sub'), { recursive: true });
    await writeFile(join(folder, 'data/sub/x.csv'), 'a\n1\n');
    await symlink('sub/x.csv', join(folder, 'data/linked.csv'));
    await symlink('data', join(folder, 'link'));
    const { stderr } = await expectRefusal(spec, { exitCode: 2, error: 'SpecError' });
    expect(stderr).toMatch(/^ {2}spec\.yaml:1:\d+ {2}output\.uri: the output /m);
  });
});
