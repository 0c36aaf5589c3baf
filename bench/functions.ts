/**
 * The functions of the stack on this machine: the size of each bundle, and the time from the start of a process to its
 * loaded handler, the engine's library included. Lambda's own start (sandbox, download of the code) comes on top, and
 * its processors are others. Usage: node bench/functions.ts [runs]
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { withBundles } from '../cdk/code/bundle-functions.ts';
import { FUNCTION_ENVIRONMENT } from '../test/cloud/function-environment.ts';

const DEFAULT_RUNS = 5;

const root = path.resolve(import.meta.dirname, '..');
const runs = Number(process.argv[2] ?? DEFAULT_RUNS);

const secondsToLoad = (file: string): number => {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--eval', `await import(${JSON.stringify(file)})`],
    {
      encoding: 'utf8',
      env: FUNCTION_ENVIRONMENT,
      cwd: path.dirname(file),
    },
  );
  if (status !== 0) throw new Error(`${file} does not load: ${stderr}`);
  return (performance.now() - startedAt) / 1000;
};

await withBundles(
  { root, architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64' },
  ({ bundles, paths }) => {
    process.stdout.write(`function    asset   KiB    start in s, ${runs} processes: least, median, most\n`);
    for (const { name, folder, bytes } of bundles.filter((bundle) => !bundle.name.endsWith('-process'))) {
      const file = path.join(paths[folder], `${name}.mjs`);
      const seconds = Array.from({ length: runs }, () => secondsToLoad(file)).sort((a, b) => a - b);
      const shown = [seconds[0], seconds[runs >> 1], seconds.at(-1)].map((each = 0) => each.toFixed(2));
      const kibibytes = String(Math.round(bytes / 1024)).padStart(6);
      process.stdout.write(`${name.padEnd(11)} ${folder.padEnd(6)} ${kibibytes}    ${shown.join('  ')}\n`);
    }
  },
);
