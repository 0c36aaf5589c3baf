import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Another one than that of the command line, whose processes share their machine's folder for what is temporary. */
const PREFIX = 'daybreak-invocation-';

/**
 * Opens the scratch folder of an invocation, and removes those of invocations before it that died: Lambda keeps
 * `/tmp` when it starts an environment's process anew, and what a task left there would fill the disk of those that
 * come after it. An environment has one invocation at a time, so whatever else stands there is nobody's.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html on failures during the invoke phase
 */
export const openScratch = async (): Promise<string> => {
  const folder = tmpdir();
  for (const name of await readdir(folder)) {
    if (name.startsWith(PREFIX)) await rm(path.join(folder, name), { recursive: true, force: true });
  }
  return mkdtemp(path.join(folder, PREFIX));
};
