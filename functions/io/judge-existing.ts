import { dirname, join } from 'node:path';
import { OutputExistsError } from '../contract/errors-store.ts';
import { OUTPUT_KEYS } from '../contract/keys.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { FileOperations } from './file-operations.ts';
import type { OutputMode } from './output.ts';
import { parseManifest } from './output-state.ts';

const MANIFEST = OUTPUT_KEYS.manifest.render({});
const STATE: ReadonlySet<string> = new Set([OUTPUT_KEYS.claim.render({}), MANIFEST]);

/** Fails with OutputExistsError where something stands at the path that the mode does not replace. */
export const judgeExisting = async (files: FileOperations, path: string, mode: OutputMode): Promise<void> => {
  const refuse = (found: string): never => {
    throw new OutputExistsError({ output: path, found });
  };
  const facts = await files.stat(path);
  if (facts === undefined) return;
  if (facts.kind !== 'folder') return refuse('it is not a folder');
  if ((await files.stat(dirname(path)))?.device !== facts.device) {
    return refuse('it is a mount point, which cannot be replaced; name a folder inside it');
  }
  const names = await files.names(path);
  if (names.length === 0) return;
  if (mode === 'fail')
    return refuse(`it is a folder with ${names.length} ${names.length === 1 ? 'entry' : 'entries'}`);
  const bytes = await files.read(join(path, MANIFEST));
  if (bytes === undefined) return refuse(`it has no ${MANIFEST}, so it was not written by Daybreak`);
  const manifest = parseManifest(bytes);
  if (manifest === undefined) return refuse(`its ${MANIFEST} is not one that Daybreak writes`);
  const foreign = await findForeign(files, path, { names, manifest });
  if (foreign !== undefined) {
    return refuse(`it has ${foreign}, which its ${MANIFEST} does not list; move that away first`);
  }
};

/** Overwriting removes the whole folder: the first entry in it that Daybreak did not write, to keep that. */
const findForeign = async (
  files: FileOperations,
  path: string,
  { names, manifest }: { readonly names: readonly string[]; readonly manifest: Manifest },
): Promise<string | undefined> => {
  const listed = new Set([...manifest.parts, ...manifest.rejects].map(({ name }) => name));
  const folders = new Set([...listed].map((name) => dirname(name)).filter((name) => name !== '.'));
  for (const name of names) {
    if (!STATE.has(name) && !listed.has(name) && !folders.has(name)) return name;
  }
  for (const folder of folders) {
    if (!names.includes(folder)) continue;
    for (const name of await files.names(join(path, folder))) {
      if (!listed.has(`${folder}/${name}`)) return `${folder}/${name}`;
    }
  }
  return undefined;
};
