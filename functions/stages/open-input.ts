import { isRemote, type PinnedFile, type PinnedInput } from '../contract/pinned-input.ts';
import { ACCESS_IN_PLACE, type InputAccess } from '../io/input-access.ts';
import { type InputLook, LOOK_IN_PLACE } from '../io/input-look.ts';
import { openRemoteAccess } from '../io/remote/remote-access.ts';
import { openRemoteFiles } from '../io/remote/remote-files.ts';
import { openRemoteLook } from '../io/remote/remote-look.ts';
import type { StageContext } from './stage-context.ts';

/** How split looks at these files; copies go to folders of their own in `folder`. Fails with NotYetError. */
export const openLook = async (
  { s3, signal }: StageContext,
  { files, folder }: { readonly files: readonly PinnedFile[]; readonly folder: string },
): Promise<InputLook> =>
  files.some(isRemote) ? openRemoteLook(await openRemoteFiles(s3, signal), folder) : LOOK_IN_PLACE;

/** How a task gets at its input; copies go to `scratchDir`. Fails with NotYetError. */
export const openAccess = async (
  { s3, signal, resources }: StageContext,
  { input, scratchDir }: { readonly input: PinnedInput; readonly scratchDir: string },
): Promise<InputAccess> =>
  input.files.some(isRemote)
    ? openRemoteAccess(await openRemoteFiles(s3, signal), { ...resources, folder: scratchDir })
    : ACCESS_IN_PLACE;
