import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ModuleBench, type StepToRun, withModuleBench } from './module-bench.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures/modules');
const SIX = 'SELECT range::INTEGER AS n FROM range(6)';

const runFixture = async (bench: ModuleBench, name: string, more: Partial<StepToRun> = {}) => {
  const module = await bench.load(await readFile(path.join(FIXTURES, name), 'utf8'), { export: 'map' });
  return bench.run({ source: SIX, output: { n: 'INTEGER' }, ...more, module });
};

describe('a function that misbehaves on a row', () => {
  it.each(['throws.ts', 'rejects.ts'])('costs that row alone: %s', async (name) => {
    await withModuleBench(async (bench) => {
      const { rows, rejects } = await runFixture(bench, name);
      expect(rows.map(({ n }) => n)).toEqual([1, 2, 4, 5]);
      expect(rejects).toMatchObject([
        { row: '0', cause: 'module_error', error: 'RangeError', message: 'cannot take 0' },
        { row: '3', cause: 'module_error', error: 'RangeError', message: 'cannot take 3' },
      ]);
    });
  });

  it('costs that row alone where its promise never settles', async () => {
    await withModuleBench(async (bench) => {
      const { rows, rejects } = await runFixture(bench, 'never-settles.ts', { timeoutSeconds: 0.02 });
      expect(rows.map(({ n }) => n)).toEqual([0, 1, 2, 4, 5]);
      expect(rejects).toMatchObject([
        { row: '3', cause: 'module_timeout', message: 'the call has not ended after 0.02 s' },
      ]);
    });
  });

  it('costs that row alone where the stack overflows', async () => {
    await withModuleBench(async (bench) => {
      const { rows, rejects } = await runFixture(bench, 'overflows-stack.ts');
      expect(rows).toHaveLength(5);
      expect(rejects).toMatchObject([{ row: '3', cause: 'module_error', error: 'RangeError' }]);
    });
  });
});

/** The body of a map, and what becomes of its rows: cause, and what the message says. */
const BODIES: readonly (readonly [what: string, body: string, cause: string, message: RegExp])[] = [
  ['throws undefined', 'throw undefined', 'module_error', /^undefined$/],
  ['throws null', 'throw null', 'module_error', /^null$/],
  ['throws a text', "throw 'a text'", 'module_error', /^a text$/],
  ['throws an object', 'throw { code: 7 }', 'module_error', /^\{"code":7\}$/],
  ['throws a circular object', 'const o: any = {}; o.o = o; throw o', 'module_error', /cannot be read/],
  [
    'throws an error whose message throws',
    "const e = new Error(); Object.defineProperty(e, 'message', { get() { throw e; } }); throw e",
    'module_error',
    /cannot be read/,
  ],
  [
    'throws an error whose stack throws',
    "const e = new Error('m'); Object.defineProperty(e, 'stack', { get() { throw e; } }); throw e",
    'module_error',
    /^m$/,
  ],
  ['throws a huge message', "throw new Error('x'.repeat(1e7))", 'module_error', /^x{499}…$/],
  ['throws half of a pair', "throw new Error('\\ud83d')", 'module_error', /^\ufffd$/],
  ['throws a NUL', "throw new Error('a\\0b')", 'module_error', /^a\ufffdb$/],
  ['returns undefined', 'return undefined', 'module_output', /found undefined/],
  ['returns null', 'return null', 'module_output', /found null/],
  ['returns a number', 'return 1', 'module_output', /expected a row as an object, found a whole number/],
  ['returns a text', "return 'row'", 'module_output', /found a string/],
  ['returns an array', 'return [1]', 'module_output', /found an array of 1/],
  ['returns a function', 'return () => 1', 'module_output', /found a function/],
  ['returns nothing in it', 'return {}', 'module_output', /^column "x": the column is missing$/],
  ['returns one too many', 'return { x: 1, y: 2 }', 'module_output', /does not declare; the first: "y"/],
  ['returns another case', 'return { X: 1 }', 'module_output', /column "x": the column is missing/],
  ['returns an inherited column', 'return Object.create({ x: 1 })', 'module_output', /column is missing/],
  ['returns undefined in it', 'return { x: undefined }', 'module_output', /write null for NULL/],
  ['returns NaN for a whole number', 'return { x: NaN }', 'module_output', /found NaN/],
  ['returns a circular object', 'const o: any = {}; o.x = o; return o', 'module_output', /found an object/],
  ['returns a promise in it', 'return { x: Promise.resolve(1) }', 'module_output', /found a Promise/],
  [
    'returns a getter that throws',
    "return { get x(): number { throw new Error('no x'); } }",
    'module_output',
    /cannot be read: Error: no x/,
  ],
  [
    'returns a proxy that throws',
    "return new Proxy({}, { ownKeys() { throw new Error('no keys'); }, getOwnPropertyDescriptor() { throw new Error('no way'); } })",
    'module_output',
    /cannot be read: Error: no way/,
  ],
  [
    'returns a revoked proxy',
    'const p = Proxy.revocable({}, {}); p.revoke(); return p.proxy',
    'module_error',
    /revoked/,
  ],
  [
    'returns a then that throws',
    "return { get then() { throw new Error('no then'); } }",
    'module_error',
    /^no then$/,
  ],
  [
    'returns a thenable that throws',
    "return { then() { throw new Error('thrown by then'); } }",
    'module_error',
    /^thrown by then$/,
  ],
  [
    'returns a thenable that rejects',
    'return { then(_: unknown, no: (e: unknown) => void) { no(7); } }',
    'module_error',
    /^7$/,
  ],
  [
    'returns a thenable that never settles',
    'return { then() {} }',
    'module_timeout',
    /has not ended after 0.05 s/,
  ],
];

describe('a function that misbehaves on every row', () => {
  it.each(BODIES)('rejects each row where it %s', async (_, body, cause, message) => {
    await withModuleBench(async ({ run }) => {
      const module = `// @ts-nocheck\nexport default (row: { n: number }) => { ${body}; };`;
      const { counts, rejects } = await run({
        source: 'SELECT range::INTEGER AS n FROM range(2)',
        module,
        output: { x: 'INTEGER' },
        timeoutSeconds: 0.05,
      });
      expect(counts).toMatchObject({ read: 2, written: 0, rejected: 2 });
      expect(rejects).toMatchObject([
        { cause, message: expect.stringMatching(message), raw: '{"n":0}' },
        { cause, message: expect.stringMatching(message), raw: '{"n":1}' },
      ]);
    });
  });

  it('takes a thenable that fits', async () => {
    await withModuleBench(async ({ run }) => {
      const module =
        'export default (row: object) => ({ then(yes: (row: object) => void) { yes(row); yes({}); } });';
      const { rows } = await run({ source: SIX, module, output: { n: 'INTEGER' } });
      expect(rows).toHaveLength(6);
    });
  });

  it('keeps the input of a rejected row as it was, though the function changed it', async () => {
    await withModuleBench(async ({ run }) => {
      const module =
        "export default (row: any) => { row.n = 'changed'; row.l.push(9); throw new Error('no'); };";
      const { rejects } = await run({
        source: 'SELECT 1 AS n, [1, 2] AS l',
        module,
        output: { n: 'INTEGER' },
      });
      expect(rejects).toMatchObject([{ raw: '{"n":1,"l":[1,2]}' }]);
    });
  });

  it('keeps at most 1,000 characters of the input of a rejected row', async () => {
    await withModuleBench(async ({ run }) => {
      const module = "export default () => { throw new Error('no'); };";
      const source =
        "SELECT repeat('x', 5000000) AS t, range(1000000) AS l, '\\xAA'::BLOB AS b, MAP {1: 2} AS m, 'nan'::DOUBLE AS d";
      const { rejects } = await run({ source, module, output: { n: 'INTEGER' } });
      expect(String(rejects[0]?.raw)).toHaveLength(1000);
    });
  });

  it('gives each call rows of its own: what one changes, no other sees', async () => {
    await withModuleBench(async ({ run }) => {
      const module = `let last: any;
export default (row: any) => { if (last) last.l[0] = 99; last = row; return { n: row.l[0] }; };`;
      const { rows } = await run({
        source: 'SELECT [range::INTEGER] AS l FROM range(3)',
        module,
        output: { n: 'INTEGER' },
      });
      expect(rows).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    });
  });

  it('takes an object that is used for every row, and a buffer', async () => {
    await withModuleBench(async ({ run }) => {
      const module = `const out = { n: 0, b: new Uint8Array(1), l: [0] };
export default (row: { n: number }) => { out.n = row.n; out.b[0] = row.n; out.l[0] = row.n; return out; };`;
      const { rows } = await run({
        source: SIX,
        module,
        output: { n: 'INTEGER', b: 'BLOB', l: 'INTEGER[]' },
      });
      expect(rows.at(2)).toEqual({ n: 2, b: '\\x02', l: [2] });
    });
  });

  it('takes columns named __proto__ and constructor like any other, and pollutes nothing', async () => {
    await withModuleBench(async ({ run }) => {
      const source = `SELECT 1 AS "__proto__", 2 AS "constructor"`;
      const module = `export default (row: object) => {
  const out = JSON.parse('{"__proto__": 0, "constructor": 0}');
  for (const [key, value] of Object.entries(row)) Object.defineProperty(out, key, { value, enumerable: true });
  return out;
};`;
      const { rows, rejects } = await run({
        source,
        module,
        output: { ['__proto__']: 'INTEGER', constructor: 'INTEGER' },
      });
      expect(rejects).toEqual([]);
      expect(rows).toHaveLength(1);
      expect(Object.entries(rows[0] ?? {})).toContainEqual(['constructor', 2]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    });
  });

  it('does not take the prototype for a column named __proto__', async () => {
    await withModuleBench(async ({ run }) => {
      const { rejects } = await run({
        source: 'SELECT 1 AS n',
        module: 'export default () => ({});',
        output: { ['__proto__']: 'INTEGER' },
      });
      expect(rejects).toMatchObject([{ message: 'column "__proto__": the column is missing' }]);
    });
  });

  it('takes -0 for what it is in a float, and as 0 in a whole number', async () => {
    await withModuleBench(async ({ run }) => {
      const module = 'export default () => ({ d: -0, i: -0, n: NaN, f: -Infinity });';
      const { rows } = await run({
        source: 'SELECT 1 AS n',
        module,
        output: { d: 'DOUBLE', i: 'INTEGER', n: 'DOUBLE', f: 'FLOAT' },
      });
      expect(rows).toEqual([{ d: -0, i: 0, n: 'NaN', f: '-Infinity' }]);
    });
  });

  it('rejects a text above the limit of a value', async () => {
    await withModuleBench(async ({ run }) => {
      const module = "export default () => ({ t: 'x'.repeat(134217729) });";
      const { rejects } = await run({ source: 'SELECT 1 AS n', module, output: { t: 'VARCHAR' } });
      expect(rejects).toMatchObject([
        { column: 't', message: 'column "t": expected at most 134217728 bytes of text' },
      ]);
    });
  });

  it('ignores what a call settles to after its time', async () => {
    await withModuleBench(async ({ run, load }) => {
      const module = await load('export default () => 1;');
      const late: ((row: unknown) => void)[] = [];
      const call = (row: unknown) =>
        new Promise((resolve) => {
          late.push(resolve);
          if (late.length === 2) for (const end of late) setTimeout(() => end(row), 60);
        });
      const { counts } = await run({
        source: 'SELECT range::INTEGER AS n FROM range(3)',
        module: { ...module, call },
        output: { n: 'INTEGER' },
        timeoutSeconds: 0.02,
        concurrency: 1,
      });
      expect(counts).toMatchObject({ read: 3, written: 0, rejected: 3 });
    });
  });
});
