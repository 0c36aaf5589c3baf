import { createHash } from 'node:crypto';
import { StateError, StoreError } from '../../contract/errors-store.ts';
import { KEYS } from '../../contract/keys.ts';
import type { ObjectStore } from '../object-store.ts';
import type { BundledModule } from './bundle-module.ts';

/** A lost reply is settled by reading; a store that loses more than this is down. */
const MAX_TRIES = 8;

/** Where the bytes of a bundle stand. */
export type StoredModule = { readonly job: string; readonly sha256: string };

/** Puts a bundle under its hash, once; equal bytes that are there already are as good. Fails with StoreError. */
export const storeModule = async (store: ObjectStore, job: string, module: BundledModule): Promise<void> => {
  const key = KEYS.module.render({ job, hash: module.sha256 });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await store.putIfAbsent(key, module.bytes);
      return;
    } catch (error) {
      if (!(error instanceof StoreError && error.isUnknown) || attempt === MAX_TRIES) throw error;
    }
  }
};

/** Reads a bundle. Fails with StateError where it is gone or its bytes are not those of its hash. */
export const readModule = async (store: ObjectStore, { job, sha256 }: StoredModule): Promise<Uint8Array> => {
  const key = KEYS.module.render({ job, hash: sha256 });
  const bytes = await store.get(key);
  if (bytes === undefined) throw new StateError({ key, problem: 'the bundle of a module is gone' });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return bytes;
  throw new StateError({ key, problem: `the bundle of a module has the hash ${found}` });
};
