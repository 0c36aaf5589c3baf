import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as authorHelpers from '../../../functions/contract/define-module.ts';
import { bundleModule } from '../../../functions/io/modules/bundle-module.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'daybreak-bundle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, text: string, below = folder): Promise<void> => {
  const file = path.join(below, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
};
const bundle = (name = 'module.ts', exports: readonly string[] = ['default']) =>
  bundleModule({ folder, path: name, exports });
const textOf = async (name?: string): Promise<string> => new TextDecoder().decode((await bundle(name)).bytes);

describe('bundleModule', () => {
  it('gives equal bytes for equal sources, wherever the folder is', async () => {
    const other = await mkdtemp(path.join(tmpdir(), 'daybreak-other-bundle-'));
    for (const below of [folder, other]) {
      await write(
        'steps/module.ts',
        "import { one } from './one.ts';\nexport default () => ({ n: one });",
        below,
      );
      await write('steps/one.ts', 'export const one: number = 1;', below);
      await write('node_modules/dep/index.js', 'module.exports = { a: 1 };', below);
    }
    const [left, right] = await Promise.all(
      [folder, other].map((each) =>
        bundleModule({ folder: each, path: 'steps/module.ts', exports: ['default'] }),
      ),
    );
    await rm(other, { recursive: true, force: true });
    expect(left).toEqual(right);
    expect(left?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('names no path of this machine, not even in its source map', async () => {
    await write(
      'module.ts',
      "import { defineMap } from 'daybreak';\nexport default defineMap((row: object) => row);",
    );
    const text = await textOf();
    const map = Buffer.from(text.slice(text.lastIndexOf('base64,') + 7).trim(), 'base64').toString('utf8');
    expect(text + map).not.toContain(folder);
    expect(text + map).not.toContain(process.cwd());
    expect(JSON.parse(map).sources).toContain('module.ts');
  });

  it('changes its hash with its source, and with what it imports', async () => {
    await write('module.ts', "import { one } from './one.ts';\nexport default () => ({ n: one });");
    await write('one.ts', 'export const one = 1;');
    const before = await bundle();
    await write('one.ts', 'export const one = 2;');
    expect((await bundle()).sha256).not.toBe(before.sha256);
  });

  it('strips types, keeps decorators, and takes JavaScript, JSON, text and CommonJS packages', async () => {
    await write('node_modules/dep/package.json', '{ "name": "dep", "main": "index.js" }');
    await write(
      'node_modules/dep/index.js',
      "const fs = require('fs'); module.exports = { a: typeof fs.readFileSync };",
    );
    await write('words.json', '{ "hello": "world" }');
    await write('note.txt', 'a note');
    await write(
      'module.ts',
      `import dep from 'dep';
import words from './words.json' with { type: 'json' };
import note from './note.txt';
const twice = (value: (n: number) => number, _: ClassMethodDecoratorContext) => (n: number) => value(n) * 2;
class Calculator { @twice plus(n: number): number { return n + 1; } }
enum Color { Red = 'red' }
export default (row: { n: number }): { n: number; s: string } =>
  ({ n: new Calculator().plus(row.n), s: [dep.a, words.hello, note, Color.Red].join() });`,
    );
    const text = await textOf();
    const file = path.join(folder, 'node_modules', 'out.mjs');
    await writeFile(file, text);
    const loaded = await import(file);
    expect(loaded.default({ n: 1 })).toEqual({ n: 4, s: 'function,world,a note,red' });
  });

  it("brings the authors' helpers in itself, and nothing else of daybreak", async () => {
    const names = Object.keys(authorHelpers);
    await write('module.ts', `export { ${names.join(', ')} } from 'daybreak';\nexport default 1;`);
    expect(await textOf()).not.toMatch(/from ["']daybreak["']/);
    await write('module.ts', "import { job } from 'daybreak';\nexport default job;");
    await expect(bundle()).rejects.toThrow(/No matching export in "daybreak:daybreak" for import "job"/);
  });

  it.each([
    ['a syntax error', 'export default (row => {\n  return row;;\n}', /module\.ts:3:\d+ {2}Expected/],
    [
      'a package that is missing',
      "const a = 1;\nimport x from 'no-such-package-here';\nexport default x;",
      /module\.ts:2:15 {2}Could not resolve "no-such-package-here"/,
    ],
    [
      'a file that is missing',
      "import x from './gone.ts';\nexport default x;",
      /module\.ts:1:15 {2}Could not resolve ".\/gone.ts"/,
    ],
    [
      'a native add-on',
      "import addon from './build/addon.node';\nexport default addon;",
      /module\.ts:1:19 {2}The native add-on "addon\.node" cannot be used/,
    ],
    [
      'an add-on that is tried',
      "let addon;\ntry { addon = require('./addon.node'); } catch { addon = null; }\nexport default addon;",
      /module\.ts:2:23 {2}The native add-on "addon\.node" cannot be used/,
    ],
  ])('refuses %s by file, line and column', async (_, text, message) => {
    await write('module.ts', text);
    await expect(bundle()).rejects.toMatchObject({
      name: 'ModuleBundleError',
      message: expect.stringMatching(message),
    });
  });

  it('refuses the add-on of a package by the place in the package', async () => {
    await write('node_modules/native/index.js', "module.exports = require('./build/native.node');");
    await write('node_modules/native/build/native.node', 'ELF');
    await write('module.ts', "import native from 'native';\nexport default native;");
    await expect(bundle()).rejects.toThrow(
      /node_modules\/native\/index\.js:1:26 {2}The native add-on "native\.node"/,
    );
  });

  it('reports all problems together', async () => {
    await write('module.ts', "import a from './a.ts';\nimport b from './b.ts';\nexport default [a, b];");
    await expect(bundle()).rejects.toMatchObject({
      problems: [
        expect.objectContaining({ line: 1, column: 15 }),
        expect.objectContaining({ line: 2, column: 15 }),
      ],
    });
  });

  it('counts columns in characters, not in bytes', async () => {
    await write('module.ts', "/* äöü */ import a from './a.ts';\nexport default a;");
    await expect(bundle()).rejects.toMatchObject({
      problems: [expect.objectContaining({ line: 1, column: 25 })],
    });
  });

  it('refuses an export that is missing, and names those that are there', async () => {
    await write('module.ts', 'export const score = () => 1;\nexport const other = 1;');
    await expect(bundle('module.ts', ['scores'])).rejects.toThrow(
      /there is no export "scores"; its exports are other, score Did you mean "score"\?/,
    );
    await write('module.ts', 'const nothing = 1;');
    await expect(bundle()).rejects.toThrow(/there is no export "default"; it has no exports/);
  });

  it('refuses what is no file', async () => {
    await mkdir(path.join(folder, 'module.ts'));
    await expect(bundle()).rejects.toThrow(/there is no file module.ts in the folder of the spec/);
    await expect(bundle('gone.ts')).rejects.toThrow(/there is no file gone.ts/);
    await symlink('loop.ts', path.join(folder, 'loop.ts'));
    await expect(bundle('loop.ts')).rejects.toThrow(/cannot be read: ELOOP/);
  });

  it('takes a module that makes a require of its own', async () => {
    await write(
      'module.ts',
      "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nexport default () => require('node:path').sep;",
    );
    const file = path.join(folder, 'node_modules', 'out.mjs');
    await write('node_modules/out.mjs', await textOf());
    expect((await import(file)).default()).toBe(path.sep);
  });
});
