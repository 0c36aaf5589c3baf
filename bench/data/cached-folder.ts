import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../../.cache/data', import.meta.url));

/**
 * The folder that holds what `make` writes for these parameters, made once. It appears under its name by one
 * rename, so it is complete where it exists; of two that make it at the same time the later one gives way.
 */
export const cachedFolder = async (
  name: string,
  parameters: Readonly<Record<string, string | number>>,
  make: (folder: string) => Promise<void>,
): Promise<string> => {
  const hash = createHash('sha256').update(JSON.stringify(parameters)).digest('hex').slice(0, 12);
  const folder = join(cache, `${name}-${hash}`);
  if (existsSync(folder)) return folder;
  const own = `${folder}.${randomBytes(6).toString('hex')}`;
  await mkdir(own, { recursive: true });
  try {
    await make(own);
    await rename(own, folder);
  } catch (error) {
    await rm(own, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
};
