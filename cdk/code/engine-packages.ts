/** DuckDB for the functions: its packages as npm made them, with the native one of the functions' own platform. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { Settings } from '../settings.ts';

export type Architecture = Settings['architecture'];
export type EnginePackage = { readonly name: string; readonly folder: string };

const NATIVE_PACKAGES: Readonly<Record<Architecture, string>> = {
  arm64: '@duckdb/node-bindings-linux-arm64',
  x86_64: '@duckdb/node-bindings-linux-x64',
};
/** 25 MB over a slow line. */
const FETCH_TIMEOUT_MS = 10 * 60_000;

const Lock = z.looseObject({
  packages: z.record(
    z.string(),
    z.looseObject({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});

/**
 * The packages that a bundle with the engine needs. The native one is there only for this machine's own platform;
 * another is fetched in the version of the lockfile, judged by the lockfile's checksum and kept in `.cache`.
 */
export const enginePackages = (root: string, architecture: Architecture): readonly EnginePackage[] => {
  const native = NATIVE_PACKAGES[architecture];
  const installed = folderOf(root, native);
  return [
    ...['@duckdb/node-api', '@duckdb/node-bindings'].map((name) => ({ name, folder: folderOf(root, name) })),
    { name: native, folder: existsSync(installed) ? installed : fetchPackage(root, native) },
  ];
};

const folderOf = (root: string, name: string): string => path.join(root, 'node_modules', name);

const readLocked = (root: string, name: string): { readonly version: string; readonly integrity: string } => {
  const lock = Lock.parse(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version !== undefined && integrity?.startsWith('sha512-') === true) return { version, integrity };
  throw new Error(`package-lock.json has no version and SHA-512 of ${name}: run npm install`);
};

const fetchPackage = (root: string, name: string): string => {
  const { version, integrity } = readLocked(root, name);
  const cache = path.join(root, '.cache', 'engine');
  const kept = path.join(cache, `${path.basename(name)}-${version}`);
  if (existsSync(kept)) return kept;
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(path.join(cache, 'fetch-'));
  try {
    run('npm', ['pack', `${name}@${version}`, '--ignore-scripts', '--silent', '--pack-destination', own]);
    const archive = path.join(own, `${name.slice(1).replace('/', '-')}-${version}.tgz`);
    requireIntegrity(archive, integrity);
    run('tar', ['-xzf', archive, '-C', own]);
    moveOrYield(path.join(own, 'package'), kept);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return kept;
};

const run = (command: string, args: readonly string[]): void => {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: FETCH_TIMEOUT_MS });
};

const requireIntegrity = (archive: string, integrity: string): void => {
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found === integrity) return;
  throw new Error(`${path.basename(archive)} has the checksum ${found}, package-lock.json says ${integrity}`);
};

/** Another synth may have been quicker: its copy is as good. */
const moveOrYield = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
};
