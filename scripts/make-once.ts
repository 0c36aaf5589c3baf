/**
 * Folders under `.cache` that take long to make.
 *
 * Law: a name exists only when what is behind it is complete. Each maker works in a folder of its own, and the name is
 * linked to it last, so one that was killed, or runs at the same time, is never taken for a good one.
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

/** Beside a folder while it is being made; holds `{pid}@{host}`. */
const MARK = '.making';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const isLeft = (mark: string): boolean => {
  const [pid, host] = readFileSync(mark, 'utf8').split('@');
  // Nobody here can ask whether a process of another host lives.
  return host === hostname() && !isAlive(Number(pid));
};

/** Removes what makers of this host left behind that were killed. */
const sweep = (parent: string): void => {
  const entries = readdirSync(parent, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink());
  const targets = new Set(links.map(({ name }) => readlinkSync(path.join(parent, name))));
  for (const { name } of entries) {
    const mark = path.join(parent, name);
    if (!name.endsWith(MARK) || !isLeft(mark)) continue;
    const folder = name.slice(0, -MARK.length);
    // One that was killed behind its last step has left a good one.
    if (!targets.has(folder)) rmSync(path.join(parent, folder), { recursive: true, force: true });
    rmSync(mark, { force: true });
  }
};

/**
 * Makes sure that `name` is a complete folder: `make` fills an empty one where there is none. Where several do so at
 * once, the first that ends gives the name, and the others' work is thrown away.
 */
export const makeOnce = (name: string, make: (folder: string) => void): void => {
  if (existsSync(name)) return;
  const parent = path.dirname(name);
  mkdirSync(parent, { recursive: true });
  sweep(parent);
  // A link to nothing is left where somebody deleted the folder behind it.
  rmSync(name, { force: true });
  const own = `${name}-${randomBytes(6).toString('hex')}`;
  writeFileSync(`${own}${MARK}`, `${process.pid}@${hostname()}`);
  mkdirSync(own);
  try {
    make(own);
    symlinkSync(path.basename(own), name);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    // Another process was quicker: what it made is as good as ours.
    if (!existsSync(name)) throw error;
  } finally {
    rmSync(`${own}${MARK}`, { force: true });
  }
};

/** Lets `alias` mean `target`, a folder beside it, from one moment to the next. */
export const pointTo = (alias: string, target: string): void => {
  const link = `${alias}-${randomBytes(6).toString('hex')}`;
  symlinkSync(path.basename(target), link);
  renameSync(link, alias);
};
