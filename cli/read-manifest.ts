import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { OUTPUT_KEYS } from '../functions/contract/keys.ts';
import { Manifest } from '../functions/contract/manifest.ts';
import { absentAsUndefined } from '../functions/io/file-operations.ts';

/** The manifest of an output on this machine; undefined where none is there. */
export const readManifest = async (folder: string): Promise<Manifest | undefined> => {
  const file = path.join(folder, OUTPUT_KEYS.manifest.render({}));
  const text = await absentAsUndefined(readFile(file, 'utf8'));
  return text === undefined ? undefined : Manifest.parse(JSON.parse(text));
};
