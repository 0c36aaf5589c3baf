import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { ModelError } from '../../contract/errors-infer.ts';
import { isS3Uri } from '../../core/s3-uri.ts';
import { suggestName } from '../../core/suggest-name.ts';
import { absentAsUndefined } from '../file-operations.ts';

/** Where the files of a model are. `hub`: nowhere here; only a worker may fetch them. */
export type ModelPlace =
  | { readonly kind: 'folder'; readonly folder: string; readonly revision?: string }
  | { readonly kind: 's3'; readonly uri: string }
  | { readonly kind: 'hub'; readonly name: string };

export type ModelPlaces = {
  /** What relative folders start from; absolute. */
  readonly baseDir: string;
  /** Folders of models by name, as `npm run setup:vllm` makes them; absolute. */
  readonly modelsDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** A name of the hub, or of a folder of models: one or two parts, none of which leads out of a folder. */
const HUB_NAME = /^[A-Za-z0-9][\w.-]{0,95}(\/[A-Za-z0-9][\w.-]{0,95})?$/;
const isHubName = (model: string): boolean =>
  HUB_NAME.test(model) && !model.includes('..') && !model.includes('--');

const isFolder = async (folder: string): Promise<boolean> =>
  (await absentAsUndefined(stat(folder)))?.isDirectory() === true;

const isFile = async (file: string): Promise<boolean> =>
  (await absentAsUndefined(stat(file)))?.isFile() === true;

/** The folder with the hub's cache, as huggingface_hub finds it. */
const hubCache = (environment: ModelPlaces['environment']): string => {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
  const home = HF_HOME || path.join(XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'huggingface');
  return HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE || path.join(home, 'hub');
};

const COMMIT = /^[0-9a-f]{40}$/;

/** The snapshot of a model in the hub's cache that `main` means; undefined where it was never fetched. */
const findSnapshot = async (
  name: string,
  environment: ModelPlaces['environment'],
): Promise<ModelPlace | undefined> => {
  const folder = path.join(hubCache(environment), `models--${name.replaceAll('/', '--')}`);
  const revision = (
    await absentAsUndefined(readFile(path.join(folder, 'refs/main'), { encoding: 'utf8' }))
  )?.trim();
  if (revision === undefined || !COMMIT.test(revision)) return undefined;
  const snapshot = path.join(folder, 'snapshots', revision);
  // A download that was broken off has no config.json, or it would not be looked at again.
  return (await isFile(path.join(snapshot, 'config.json')))
    ? { kind: 'folder', folder: snapshot, revision }
    : undefined;
};

const CONTROL = /\p{Cc}/u;

const requireFolder = async (model: string, folder: string): Promise<ModelPlace> => {
  if (await isFolder(folder)) return { kind: 'folder', folder };
  const found = (await absentAsUndefined(stat(folder))) === undefined ? 'is not there' : 'is no folder';
  throw new ModelError({
    model: JSON.stringify(model),
    problem: `${found}: looked for ${folder}; give the folder that has its config.json and safetensors`,
  });
};

/** The prepared models, for people. */
const listPrepared = async (modelsDir: string): Promise<readonly string[]> =>
  ((await absentAsUndefined(readdir(modelsDir))) ?? []).filter((name) => !name.startsWith('.')).sort();

const refuseName = async (model: string, { modelsDir }: ModelPlaces): Promise<never> => {
  const prepared = await listPrepared(modelsDir);
  const suggestion = suggestName(model, prepared);
  const known =
    prepared.length === 0
      ? 'no models are prepared here (`npm run setup:vllm` prepares three)'
      : `prepared here are ${prepared.join(', ')}`;
  const hint = suggestion === undefined ? '' : `. Did you mean "${suggestion}"?`;
  throw new ModelError({
    model: JSON.stringify(model),
    problem: `is not known: ${known}, and a name on the hub has two parts, such as Qwen/Qwen2.5-0.5B-Instruct${hint}`,
  });
};

/**
 * Finds where the model of a spec is. An `s3://` address is a prefix, a path a folder; anything else is a name: a
 * folder below `baseDir`, one of the prepared models, one in the cache of the hub, or one of the hub that is not here.
 * Fails with ModelError.
 */
export const findModel = async (model: string, places: ModelPlaces): Promise<ModelPlace> => {
  if (CONTROL.test(model))
    throw new ModelError({ model: JSON.stringify(model), problem: 'has a control character in its name' });
  if (isS3Uri(model)) return { kind: 's3', uri: model };
  if (model.startsWith('~'))
    throw new ModelError({ model: JSON.stringify(model), problem: 'begins with ~; write the whole path' });
  const beside = path.resolve(places.baseDir, model);
  if (!isHubName(model)) return requireFolder(model, beside);
  for (const folder of [beside, path.join(places.modelsDir, model)])
    if (await isFile(path.join(folder, 'config.json'))) return { kind: 'folder', folder };
  const snapshot = await findSnapshot(model, places.environment);
  if (snapshot !== undefined) return snapshot;
  return model.includes('/') ? { kind: 'hub', name: model } : refuseName(model, places);
};
