import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Message, Plugin } from 'esbuild';
import * as authorHelpers from '../../contract/define-module.ts';
import { ModuleBundleError, type ModuleProblem } from '../../contract/errors-module.ts';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { suggestName } from '../../core/suggest-name.ts';

export type BundledModule = {
  readonly bytes: Uint8Array;
  /** Of `bytes`, in hex; the name under which the job keeps them. */
  readonly sha256: string;
};

/** A module as a spec names it: `path` from `folder`, the folder of the spec (absolute). */
export type ModuleSource = {
  readonly folder: string;
  readonly path: string;
  /** The exports that the spec calls. */
  readonly exports: readonly string[];
};

/**
 * CommonJS packages call `require` for Node's own modules, and an ES module has none. The name is the source's own: a
 * bundle that is bundled again has a banner inside already.
 */
const bannerOf = (source: Uint8Array): string => {
  const name = `daybreakRequire_${createHash('sha256').update(source).digest('hex').slice(0, 12)}`;
  return `import { createRequire as ${name} } from 'node:module'; const require = ${name}(import.meta.url);`;
};

/**
 * Bundles a user's TypeScript or JavaScript file with all that it imports into one ES module for Node 22, Node's
 * own modules aside. Equal sources in an equal place below the folder give equal bytes: the source map inside
 * names files relative to the folder.
 *
 * Fails with ModuleBundleError: what esbuild finds, by line and column; a native add-on; an export that is missing;
 * a bundle above the limit.
 */
export const bundleModule = async (source: ModuleSource): Promise<BundledModule> => {
  const entry = path.resolve(source.folder, source.path);
  await requireFile(source, entry);
  // 10 MB of native code that only jobs with modules need.
  const { build } = await import('esbuild');
  const built = await build({
    absWorkingDir: source.folder,
    entryPoints: [entry],
    // Nothing is written: the folder is what the names of sources are relative to.
    outfile: path.join(source.folder, 'module.mjs'),
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    loader: { '.txt': 'text', '.wasm': 'binary' },
    sourcemap: 'inline',
    sourcesContent: false,
    legalComments: 'none',
    charset: 'utf8',
    banner: { js: bannerOf(await readFile(entry)) },
    metafile: true,
    logLevel: 'silent',
    plugins: [daybreakImports],
  }).catch((error: unknown) => {
    throw isBuildFailure(error) ? refusal(source, error.errors.map(problemOf), error) : error;
  });
  const [output] = built.outputFiles;
  if (output === undefined) throw new Error('esbuild wrote no file and named no error');
  requireExports(source, Object.values(built.metafile.outputs)[0]?.exports ?? []);
  if (output.contents.length > MODULE_LIMITS.bundleBytes) {
    const message = `its bundle has ${output.contents.length} bytes, the limit is ${MODULE_LIMITS.bundleBytes}; read large files in init`;
    throw refusal(source, [{ message }]);
  }
  return {
    bytes: output.contents,
    sha256: createHash('sha256').update(output.contents).digest('hex'),
  };
};

const refusal = (source: ModuleSource, problems: readonly ModuleProblem[], cause?: unknown) =>
  new ModuleBundleError({ module: source.path, problems }, cause === undefined ? {} : { cause });

const requireFile = async (source: ModuleSource, entry: string): Promise<void> => {
  const found = await stat(entry).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw refusal(source, [{ message: `it cannot be read: ${error.code}` }], error);
  });
  if (found?.isFile() !== true) {
    const message = `there is no file ${source.path} in the folder of the spec`;
    throw refusal(source, [{ message }]);
  }
};

const requireExports = (source: ModuleSource, found: readonly string[]): void => {
  const missing = source.exports.filter((name) => !found.includes(name));
  if (missing.length === 0) return;
  const list = found.length === 0 ? 'it has no exports' : `its exports are ${found.join(', ')}`;
  throw refusal(
    source,
    missing.map((name) => {
      const suggestion = suggestName(name, found);
      return {
        message: `there is no export ${JSON.stringify(name)}; ${list}`,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    }),
  );
};

const isBuildFailure = (error: unknown): error is { readonly errors: readonly Message[] } =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

const problemOf = ({ text, location, notes }: Message): ModuleProblem => {
  // A bundle holds all that it needs: that a path can be marked as external is no way out.
  const said = notes.map((note) => note.text).filter((note) => !note.includes('as external'));
  const message = [text, ...said].join(' ');
  if (location === null) return { message };
  // esbuild counts columns in bytes from 0.
  const before = Buffer.from(location.lineText, 'utf8').subarray(0, location.column).toString('utf8');
  return { message, file: location.file, line: location.line, column: before.length + 1 };
};

/** `import { defineMap } from 'daybreak'` brings the helpers of authors and nothing else of the package. */
const daybreakImports: Plugin = {
  name: 'daybreak',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^daybreak$/ }, () => ({ path: 'daybreak', namespace: 'daybreak' }));
    onLoad({ filter: /.*/, namespace: 'daybreak' }, () => ({
      contents: Object.keys(authorHelpers)
        .sort()
        .map((name) => `export const ${name} = (given) => given;`)
        .join('\n'),
      loader: 'js',
    }));
    onResolve({ filter: /\.node$/ }, ({ path: file }) => ({
      errors: [
        { text: `The native add-on ${JSON.stringify(path.basename(file))} cannot be used in a module.` },
      ],
    }));
  },
};
