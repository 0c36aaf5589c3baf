/** Builds what the package ships: `dist/daybreak.js` (the command), its `dist/worker.js`, `dist/index.js` (the library), types. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

rmSync(dist, { recursive: true, force: true });

const command = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: { daybreak: 'cli/daybreak.ts', index: 'cli/index.ts', worker: 'cli/worker.ts' },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  // Native code cannot be bundled, and esbuild, which bundles the modules of users, brings its own; everything else is.
  external: ['@duckdb/node-api', '@duckdb/node-bindings', 'esbuild'],
  define: { 'process.env.DAYBREAK_VERSION': JSON.stringify(version) },
  // Bundled CommonJS packages call `require` for Node's own modules.
  banner: {
    js: "import { createRequire as daybreakRequire } from 'node:module'; const require = daybreakRequire(import.meta.url);",
  },
  legalComments: 'linked',
  logLevel: 'warning',
});
// The page of a report carries its drawing script and style sheet in itself; the command reads them from here.
const page = await build({
  metafile: true,
  absWorkingDir: root,
  entryPoints: { 'report-page': 'cli/report-page/browser/page.ts' },
  outdir: dist,
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'eof',
  logLevel: 'warning',
});
await build({
  absWorkingDir: root,
  entryPoints: { 'report-page': 'cli/report-page/browser/page.css' },
  outdir: dist,
  minify: true,
  logLevel: 'warning',
});
chmodSync(path.join(dist, 'daybreak.js'), 0o755);

writeNotices([...Object.keys(command.metafile.inputs), ...Object.keys(page.metafile.inputs)]);

const schema = path.join(root, 'docs', 'spec.schema.json');
if (existsSync(schema)) copyFileSync(schema, path.join(dist, 'spec.schema.json'));

const tsc = path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'tsc.cmd' : 'tsc');
execFileSync(tsc, ['--project', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });

/** The licence of every package of which code is in the bundles, as they all ask for. */
function writeNotices(inputs: readonly string[]): void {
  const packages = new Set(
    inputs.flatMap((input) => /(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
  );
  const notices = [...packages].sort().map((folder) => {
    const home = path.resolve(root, folder);
    const { name, version, license } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));
    const file = readdirSync(home).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(path.join(home, file), 'utf8');
    return `${name} ${version}\n\n${text.trim()}\n`;
  });
  writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), notices.join(`\n${'-'.repeat(80)}\n\n`));
}
