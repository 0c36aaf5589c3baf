import { readFile } from 'node:fs/promises';

/**
 * Private memory of a process in bytes: its anonymous and shared pages that are in memory. Files that it has mapped,
 * the code of the engine above all, are shared by all workers and not counted. Undefined where the system does not
 * say (only Linux does), or the process is gone.
 */
export const readPrivateBytes = async (pid: number): Promise<number | undefined> => {
  if (process.platform !== 'linux') return undefined;
  let status: string;
  try {
    status = await readFile(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It ended since: its exit says so.
    return undefined;
  }
  const kilobytes = (field: string): number | undefined => {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const anonymous = kilobytes('RssAnon');
  return anonymous === undefined ? undefined : (anonymous + (kilobytes('RssShmem') ?? 0)) * 1024;
};
