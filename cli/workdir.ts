import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { absentAsUndefined } from '../functions/io/file-operations.ts';
import { openFileStore } from '../functions/io/file-store.ts';
import type { ObjectStore } from '../functions/io/object-store.ts';
import { isAlive, thisHost } from '../functions/io/this-machine.ts';

/** Beside the objects of the store, none of whose keys begins with a dot. */
const SCRATCH = '.scratch';

export type Workdir = {
  /** Where it is; absolute. */
  readonly path: string;
  readonly store: ObjectStore;
  readonly scratchDir: string;
  readonly worker: string;
};

/** Opens a work folder for reading its jobs; nothing is made beyond the folder itself. */
export const openStore = (workdir: string): Promise<ObjectStore> => openFileStore(workdir);

/** Lends a work folder with a scratch folder of its own, which is removed afterwards. */
export const withWorkdir = async <Result>(
  workdir: string,
  use: (opened: Workdir) => Promise<Result>,
): Promise<Result> => {
  const store = await openStore(workdir);
  const scratch = path.join(workdir, SCRATCH);
  await mkdir(scratch, { recursive: true });
  await sweepScratch(scratch);
  const worker = `${process.pid}-${randomBytes(4).toString('hex')}`;
  const scratchDir = path.join(scratch, `${worker}@${hostInName()}`);
  await mkdir(scratchDir);
  try {
    return await use({ path: workdir, store, scratchDir, worker });
  } finally {
    // A query that was left behind may still write there.
    await rm(scratchDir, { recursive: true, force: true, maxRetries: 3 });
  }
};

const hostInName = (): string => thisHost().replaceAll(/[^\w.-]/g, '_');

/** Nobody here can ask whether a process of another host lives. */
const MAX_FOREIGN_AGE_MS = 24 * 60 * 60 * 1000;

/** Removes what runners that were killed left: `{pid}-{random}@{host}`. */
const sweepScratch = async (scratch: string): Promise<void> => {
  for (const name of await readdir(scratch)) {
    if (await isLeft(path.join(scratch, name))) {
      await rm(path.join(scratch, name), { recursive: true, force: true });
    }
  }
};

const isLeft = async (folder: string): Promise<boolean> => {
  const [worker = '', host] = path.basename(folder).split('@');
  const pid = Number(worker.split('-')[0]);
  if (host === hostInName() && Number.isInteger(pid) && pid > 0) return !isAlive(pid);
  const facts = await absentAsUndefined(lstat(folder));
  return facts !== undefined && Date.now() - facts.mtimeMs > MAX_FOREIGN_AGE_MS;
};
