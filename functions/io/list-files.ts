import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../contract/errors-store.ts';
import { absentAsUndefined } from './file-operations.ts';
import { isKeyComponent } from './store-key.ts';

/** The deepest folder that all keys with this prefix lie in, with its slash; empty for the root. */
export const folderOfPrefix = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf('/') + 1);

/**
 * Keys of the files under `base` that begin with the prefix, in bytewise order. A name that no key can have
 * (hidden, foreign) is no object. Fails with StoreError at a link.
 */
export async function* walkObjects(base: string, prefix: string): AsyncGenerator<string> {
  const folder = folderOfPrefix(prefix);
  yield* walk(base, folder, prefix.slice(folder.length));
}

/** Names of the folders in `prefix` that hold an object, in bytewise order. */
export async function* walkFolders(base: string, prefix: string): AsyncGenerator<string> {
  const entries = (await absentAsUndefined(readdir(join(base, prefix), { withFileTypes: true }))) ?? [];
  const names = entries.filter((entry) => entry.isDirectory() && isKeyComponent(entry.name));
  for (const { name } of names.sort((left, right) => (left.name < right.name ? -1 : 1))) {
    for await (const _ of walkObjects(base, `${prefix}${name}/`)) {
      yield name;
      break;
    }
  }
}

async function* walk(base: string, folder: string, begin: string): AsyncGenerator<string> {
  // A folder may be removed between its listing and its reading.
  const entries = (await absentAsUndefined(readdir(join(base, folder), { withFileTypes: true }))) ?? [];
  const named = entries
    .filter(({ name }) => name.startsWith(begin) && isKeyComponent(name))
    // A folder sorts as its keys do: by its name with the slash. Valid names are ASCII, one unit a byte.
    .map((entry) => ({ entry, order: entry.isDirectory() ? `${entry.name}/` : entry.name }))
    .sort((left, right) => (left.order < right.order ? -1 : 1));
  for (const { entry, order } of named) {
    if (entry.isDirectory()) yield* walk(base, folder + order, '');
    else if (entry.isFile()) yield folder + order;
    else
      throw new StoreError({
        operation: 'list',
        key: folder + order,
        reason: 'it is a link or no plain file',
      });
  }
}
