/**
 * The code of the functions: a file for each handler, in one of two folders. `engine` has DuckDB beside the files that
 * import it, `plain` has not. Which is which is read off the bundles, so that no table can be wrong about it. A
 * folder is one asset, whatever number of functions have it: DuckDB is zipped and sent once.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { build } from 'esbuild';
import { FUNCTIONS, type FunctionName } from '../../functions/contract/environment.ts';
import { type Architecture, enginePackages } from './engine-packages.ts';
import type { CodeOf } from './function-code.ts';

export type BundleFolder = 'engine' | 'plain';

export type Bundle = { readonly name: string; readonly folder: BundleFolder; readonly bytes: number };

export type Bundles = {
  readonly codeOf: CodeOf;
  readonly bundles: readonly Bundle[];
  readonly paths: Readonly<Record<BundleFolder, string>>;
};

export type BundlePlace = { readonly root: string; readonly architecture: Architecture };

const HANDLERS = 'functions/handlers';
/** `modules-process.ts` is a program that the function `modules` starts: it stands beside `modules`. */
const PROCESS = '-process';
const ENGINE = /^@duckdb\//;
/** Bundled CommonJS packages call `require` for Node's own modules. */
const BANNER =
  "import { createRequire as daybreakRequire } from 'node:module'; const require = daybreakRequire(import.meta.url);";

/** Bundles for as long as `use` takes: what CDK stages of the folders is a copy of its own. */
export const withBundles = async <Result>(
  place: BundlePlace,
  use: (bundles: Bundles) => Result | Promise<Result>,
): Promise<Result> => {
  const cache = path.join(place.root, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, 'bundles-'));
  try {
    return await use(await bundleInto(folder, place));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const bundleInto = async (folder: string, { root, architecture }: BundlePlace): Promise<Bundles> => {
  const paths = { engine: path.join(folder, 'engine'), plain: path.join(folder, 'plain') };
  const files = await bundleFiles(root);
  const withEngine = new Set(
    files.filter(({ usesEngine }) => usesEngine).map(({ name }) => functionOf(name)),
  );
  const bundles = files.map(({ name, contents }): Bundle => {
    const kind: BundleFolder = withEngine.has(functionOf(name)) ? 'engine' : 'plain';
    mkdirSync(paths[kind], { recursive: true });
    writeFileSync(path.join(paths[kind], `${name}.mjs`), contents);
    return { name, folder: kind, bytes: contents.length };
  });
  if (withEngine.size > 0) copyEngine(paths.engine, root, architecture);
  const folderOf = new Map(bundles.map(({ name, folder: kind }) => [name, kind]));
  const codeOf: CodeOf = (name) => {
    const kind = folderOf.get(name);
    if (kind === undefined) throw new Error(`there is no bundle of ${name}`);
    return { code: lambda.Code.fromAsset(paths[kind]), handler: `${name}.handler` };
  };
  return { codeOf, bundles, paths };
};

type BundledFile = { readonly name: string; readonly contents: Uint8Array; readonly usesEngine: boolean };

/** One file an entry, nothing shared: a function starts fastest from one file. */
const bundleFiles = async (root: string): Promise<readonly BundledFile[]> => {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: entriesOf(root).map((name) => `${HANDLERS}/${name}.ts`),
    outdir: 'unused',
    outExtension: { '.js': '.mjs' },
    write: false,
    metafile: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    external: ['@duckdb/*'],
    minifyWhitespace: true,
    minifySyntax: true,
    define: { 'process.env.DAYBREAK_VERSION': JSON.stringify(version) },
    banner: { js: BANNER },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const native = Object.keys(metafile.inputs).find((input) => /node_modules\/esbuild\/|\.node$/.test(input));
  if (native !== undefined) throw new Error(`${native} needs native code, which no function brings`);
  return outputFiles.map(({ path: file, contents }) => {
    const name = path.basename(file, '.mjs');
    const imports = metafile.outputs[`unused/${name}.mjs`]?.imports ?? [];
    return { name, contents, usesEngine: imports.some((each) => ENGINE.test(each.path)) };
  });
};

const entriesOf = (root: string): readonly string[] => [
  ...FUNCTIONS,
  ...readdirSync(path.join(root, HANDLERS))
    .filter((file) => file.endsWith(`${PROCESS}.ts`))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort(),
];

const functionOf = (name: string): FunctionName => {
  const own = name.endsWith(PROCESS) ? name.slice(0, -PROCESS.length) : name;
  const known = FUNCTIONS.find((each) => each === own);
  if (known === undefined) throw new Error(`${HANDLERS}/${name}.ts belongs to no function`);
  return known;
};

/** Declarations and source maps are for people; `detect-libc` is left out, for a function always has glibc. */
const copyEngine = (folder: string, root: string, architecture: Architecture): void => {
  for (const { name, folder: from } of enginePackages(root, architecture)) {
    cpSync(from, path.join(folder, 'node_modules', name), {
      recursive: true,
      dereference: true,
      filter: (source) => !/\.d\.ts$|\.map$/.test(source),
    });
  }
};
