import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileOperations, nodeFiles } from '../../functions/io/file-operations.ts';

/** What stands for SIGKILL: from then on the process does nothing more, its `finally` blocks included. */
export class Death extends Error {
  override readonly name = 'Death';
}

/** Real files without fsync, which a test has no way to see and which is most of the time of one. */
export const unsyncedFiles: FileOperations = {
  ...nodeFiles,
  syncFile: async () => {},
  syncFolder: async () => {},
  writeSynced: (path, bytes) => writeFile(path, bytes, { flag: 'wx' }),
};

/** `half` does nothing of an operation that is atomic, and half of one that is not. */
export type DeathMoment = 'half' | 'after';

/** Operations of a process that dies at the n-th one (from 1) that changes something. `count` says how many there were. */
export const dyingFiles = (dieAt: number, moment: DeathMoment) => {
  const state = { count: 0, isDead: false };
  const die = (): never => {
    state.isDead = true;
    throw new Death();
  };
  const living = <Arguments extends readonly unknown[], Result>(
    act: (...args: Arguments) => Promise<Result>,
  ) => {
    return async (...args: Arguments): Promise<Result> => {
      if (state.isDead) die();
      return act(...args);
    };
  };
  const changing = <Arguments extends readonly unknown[]>(
    act: (...args: Arguments) => Promise<void>,
    half: (...args: Arguments) => Promise<void> = async () => {},
  ) =>
    living(async (...args: Arguments) => {
      state.count += 1;
      const isLast = state.count === dieAt;
      if (isLast && moment === 'half') await half(...args);
      else await act(...args);
      if (isLast) die();
    });
  const files: FileOperations = {
    writeSynced: changing(unsyncedFiles.writeSynced, (path, bytes) =>
      unsyncedFiles.writeSynced(path, bytes.subarray(0, bytes.length >> 1)),
    ),
    syncFile: changing(unsyncedFiles.syncFile),
    syncFolder: changing(unsyncedFiles.syncFolder),
    makeFolder: changing(unsyncedFiles.makeFolder),
    link: changing(unsyncedFiles.link),
    rename: changing(unsyncedFiles.rename),
    copy: changing(unsyncedFiles.copy),
    remove: changing(unsyncedFiles.remove, async (path) => {
      const facts = await unsyncedFiles.stat(path);
      if (facts?.kind !== 'folder') return;
      const names = await unsyncedFiles.names(path);
      for (const name of names.slice(0, Math.ceil(names.length / 2)))
        await unsyncedFiles.remove(join(path, name));
    }),
    removeEmptyFolder: changing(unsyncedFiles.removeEmptyFolder),
    names: living(unsyncedFiles.names),
    stat: living(unsyncedFiles.stat),
    realPath: living(unsyncedFiles.realPath),
    read: living(unsyncedFiles.read),
  };
  return { files, state };
};

type Operation = { readonly operation: string; readonly path: string };

/** Operations of a process that stands still before its n-th one (from 1), or the first that is meant, until `resume`. */
export const pausingFiles = (pauseAt: number | ((operation: Operation) => boolean)) => {
  const paused = Promise.withResolvers<true>();
  const resumed = Promise.withResolvers<void>();
  let count = 0;
  const wait = async (operation: string, path: string): Promise<void> => {
    count += 1;
    if (typeof pauseAt === 'number' ? count !== pauseAt : !pauseAt({ operation, path })) return;
    paused.resolve(true);
    await resumed.promise;
  };
  const pausing = (operation: string, act: (...args: readonly never[]) => Promise<unknown>) => {
    return async (...args: readonly never[]): Promise<unknown> => {
      await wait(operation, String(args[0]));
      return act(...args);
    };
  };
  // Each operation keeps its name and its signature.
  const files = Object.fromEntries(
    Object.entries(unsyncedFiles).map(([name, act]) => [name, pausing(name, act)]),
  ) as unknown as FileOperations;
  return { files, paused: paused.promise, resume: () => resumed.resolve() };
};
