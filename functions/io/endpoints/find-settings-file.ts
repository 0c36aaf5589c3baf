import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ENDPOINTS_FILE, ENDPOINTS_FILE_VARIABLE } from '../../contract/endpoint-settings.ts';
import { EndpointSettingsError } from '../../contract/errors-infer.ts';

/** Others may write to it. */
const WRITABLE_BY_OTHERS = 0o002;

/**
 * The nearest file with settings of endpoints, from a folder upwards; undefined where there is none. It decides where
 * prompts and keys go, so one that another user owns, or may write to, stops the search by EndpointSettingsError:
 * above a folder of one's own there may be one that all share, as /tmp. `user` is the system's number of the user,
 * undefined where it has none.
 */
export const findSettingsFile = async (
  folder: string,
  user: number | undefined,
): Promise<string | undefined> => {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    const file = path.join(place, ENDPOINTS_FILE);
    const facts = await lookAt(file);
    if (facts?.isFile() === true) {
      refuseForeign(file, facts, user);
      return file;
    }
    if (path.dirname(place) === place) return undefined;
  }
};

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

const lookAt = async (file: string) => {
  try {
    return await stat(file);
  } catch (error) {
    // A folder above that may not be read holds nothing for this user.
    if (ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
};

const refuseForeign = (
  file: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  user: number | undefined,
): void => {
  if (user === undefined) return;
  const refuse = (what: string): never => {
    const message = `the file ${what}, who could send prompts and keys elsewhere; make it yours alone, or name it in ${ENDPOINTS_FILE_VARIABLE}`;
    throw new EndpointSettingsError([{ file, path: '', message }]);
  };
  if (uid !== user && uid !== 0) refuse(`belongs to another user (number ${uid})`);
  if ((mode & WRITABLE_BY_OTHERS) !== 0) refuse('can be written to by every user');
};
