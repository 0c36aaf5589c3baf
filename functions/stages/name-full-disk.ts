import { TaskDiskError } from '../contract/errors-query.ts';
import { errorCode } from '../io/file-operations.ts';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Does what copies to a scratch folder. Where the disk is full it fails with TaskDiskError instead of the system's own error. */
export const nameFullDisk = async <Result>(
  where: { readonly task: string; readonly scratchDir: string },
  copy: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await copy();
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (!FULL.has(code)) throw error;
    throw new TaskDiskError(
      { ...where, message: `its input could not be copied (${code})` },
      { cause: error },
    );
  }
};
