import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModuleError, ModuleTimeoutError } from '../../contract/errors-module.ts';
import { MODULE_LIMITS, type ModuleStep } from '../../contract/module-step.ts';
import { digestOf } from '../digest.ts';
import type { ObjectStore } from '../object-store.ts';
import { describeThrown } from './describe-thrown.ts';
import { createFindPlace, type FindPlace } from './source-place.ts';
import { readModule } from './store-module.ts';

/** A module's function, ready to be called with the `context` that its `init` gave. */
export type LoadedModule = {
  /** As the spec names it. */
  readonly path: string;
  readonly call: (argument: unknown, context: unknown, call: unknown) => unknown;
  readonly context: unknown;
  readonly findPlace: FindPlace;
};

export type ModuleToLoad = {
  readonly store: ObjectStore;
  readonly job: string;
  /** A folder of this process, where the bundle is written and imported from. */
  readonly scratchDir: string;
  readonly module: ModuleStep['module'];
  /** Default: {@link MODULE_LIMITS.initSeconds}. */
  readonly initSeconds?: number;
};

type Namespace = Readonly<Record<string, unknown>>;
type Instance = { readonly namespace: Namespace; readonly context: unknown; readonly findPlace: FindPlace };

/** The modules of this process, by job, hash and options: `init` runs once for each, whatever asks for them. */
const instances = new Map<string, Promise<Instance>>();

/**
 * Loads a stored bundle into this process and runs its `init(options)`, if it has one, to its end: once per
 * process, bundle and options. Steps with other options get an instance of their own, so that variables of the
 * module are never shared between them.
 *
 * Fails with StateError (the bytes), ModuleError (it throws while it is loaded or in init, or the export is no
 * function) and ModuleTimeoutError (init never settles).
 */
export const loadModule = async (wanted: ModuleToLoad): Promise<LoadedModule> => {
  const { module, job } = wanted;
  const key = digestOf([job, module.sha256, module.options]);
  const loading = instances.get(key) ?? startInstance(wanted, key);
  instances.set(key, loading);
  const { namespace, context, findPlace } = await loading.catch((error: unknown) => {
    // The next task tries again: what `init` needs may be back by then.
    instances.delete(key);
    throw error;
  });
  const found = namespace[module.export];
  if (typeof found !== 'function') {
    const exported = Object.keys(namespace).join(', ');
    const what = `has no function ${JSON.stringify(module.export)}: found ${found === undefined ? 'nothing' : `a ${typeof found}`}, its exports are ${exported}`;
    throw new ModuleError({ module: module.path, what });
  }
  return {
    path: module.path,
    // Called without `this`, as an imported function is.
    call: (argument, callContext, call) => Reflect.apply(found, undefined, [argument, callContext, call]),
    context,
    findPlace,
  };
};

const startInstance = async (wanted: ModuleToLoad, key: string): Promise<Instance> => {
  const bytes = await readModule(wanted.store, { job: wanted.job, sha256: wanted.module.sha256 });
  const file = path.join(wanted.scratchDir, `${wanted.module.sha256}.mjs`);
  await writeWhole(file, bytes);
  // The query makes it another module for each set of options; failed loads are not remembered by Node for it.
  const url = `${pathToFileURL(file).href}?instance=${key.slice(0, 16)}-${randomUUID().slice(0, 8)}`;
  const findPlace = createFindPlace(bytes, url);
  const namespace = await failingAs(wanted, findPlace, 'fails while it is loaded', () =>
    settledInTime(wanted, 'its top level', () => importModule(url)),
  );
  const { init } = namespace;
  if (init === undefined) return { namespace, context: undefined, findPlace };
  if (typeof init !== 'function') {
    const what = `exports an init that is no function but a ${typeof init}`;
    throw new ModuleError({ module: wanted.module.path, what });
  }
  const context = await failingAs(wanted, findPlace, 'fails in init', () =>
    settledInTime(wanted, 'init', async () =>
      Reflect.apply(init, undefined, [structuredClone(wanted.module.options)]),
    ),
  );
  return { namespace, context, findPlace };
};

const importModule = async (url: string): Promise<Namespace> => {
  // A namespace object has the exports by name, whatever they are.
  return (await import(/* @vite-ignore */ url)) as Namespace;
};

/** Written beside and renamed: another task of this process may be importing the same bundle. */
const writeWhole = async (file: string, bytes: Uint8Array): Promise<void> => {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, bytes);
  await rename(temporary, file);
};

const failingAs = async <Result>(
  wanted: ModuleToLoad,
  findPlace: FindPlace,
  what: string,
  run: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof ModuleTimeoutError) throw thrown;
    const { error, message } = describeThrown(thrown);
    const place = findPlace(thrown);
    throw new ModuleError(
      {
        module: wanted.module.path,
        what: `${what}: ${error}: ${message}`,
        ...(place === undefined ? {} : { place }),
      },
      { cause: thrown },
    );
  }
};

const settledInTime = async <Result>(
  wanted: ModuleToLoad,
  what: string,
  run: () => Promise<Result>,
): Promise<Result> => {
  const seconds = wanted.initSeconds ?? MODULE_LIMITS.initSeconds;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ModuleTimeoutError({ module: wanted.module.path, what, seconds })),
      seconds * 1000,
    );
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
};
