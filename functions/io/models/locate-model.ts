import { ModelError } from '../../contract/errors-infer.ts';
import type { InferStep } from '../../contract/infer-step.ts';
import type { PlannedAdapter, PlannedModel } from '../../contract/planned-infer.ts';
import { findModel, type ModelPlace } from './find-model.ts';
import { openLocalModel, openRemoteModel } from './model-files.ts';
import type { ModelWorld } from './model-world.ts';
import { type ReadModel, readModel } from './read-model.ts';

/** A model with the place where a worker finds it; `read` is undefined where only a worker can fetch it. */
export type LocatedModel = {
  readonly planned: PlannedModel;
  readonly isHere: boolean;
  readonly read: ReadModel | undefined;
};

type Question = { readonly baseDir: string; readonly signal: AbortSignal };

const placeOf = (place: ModelPlace): string =>
  place.kind === 'folder' ? place.folder : place.kind === 's3' ? place.uri : place.name;

/** Finds, reads and judges the model of a step. Fails with ModelError, and as its place does. */
export const locateModel = async (
  world: ModelWorld,
  step: Pick<InferStep, 'model' | 'task'>,
  { baseDir, signal }: Question,
): Promise<LocatedModel> => {
  const name = step.model;
  const place = await findModel(name, { ...world, baseDir });
  if (place.kind === 'hub') {
    requireFetchable(world, step);
    return { planned: { name, place: place.name }, isHere: false, read: undefined };
  }
  const files =
    place.kind === 'folder'
      ? await openLocalModel(place.folder, name)
      : await openRemoteModel(await world.openRemote(signal), place.uri);
  const read = await readModel(files, name);
  const fetched = place.kind === 'folder' ? place.revision : undefined;
  const { contextTokens } = read.facts;
  return {
    planned: {
      name,
      place: placeOf(place),
      revision: fetched ?? `files-${read.fingerprint}`,
      ...(contextTokens === undefined ? {} : { contextTokens }),
    },
    isHere: true,
    read,
  };
};

/** What is not here can be fetched by the worker, where that may be and nothing of it must be known before. */
const requireFetchable = (
  { environment }: ModelWorld,
  { model, task }: Pick<InferStep, 'model' | 'task'>,
): void => {
  const bring = `bring it here first (\`hf download ${model}\`), or give the folder where it is`;
  if (environment.HF_HUB_OFFLINE === '1')
    throw new ModelError({
      model,
      problem: `is not on this machine, and HF_HUB_OFFLINE keeps it from being fetched; ${bring}`,
    });
  if (task === 'embed')
    throw new ModelError({
      model,
      problem: `is not on this machine, and the length of its vectors must be known to plan a job; ${bring}`,
    });
};

/** Finds the adapter that a step names in the spec's list. Fails with ModelError. */
export const locateAdapter = async (
  world: ModelWorld,
  { lora }: Pick<InferStep, 'lora'>,
  {
    adapters,
    baseDir,
  }: {
    readonly adapters: readonly { readonly name: string; readonly model: string }[];
    readonly baseDir: string;
  },
): Promise<PlannedAdapter | undefined> => {
  const index = adapters.findIndex(({ name }) => name === lora);
  const adapter = adapters[index];
  if (adapter === undefined) return undefined;
  const place = await findModel(adapter.model, { ...world, baseDir });
  if (place.kind === 'folder') await requireAdapter(place.folder, adapter.model);
  return { name: adapter.name, number: index + 1, place: placeOf(place) };
};

const requireAdapter = async (folder: string, model: string): Promise<void> => {
  const { files } = await openLocalModel(folder, model);
  for (const wanted of ['adapter_config.json', 'adapter_model.safetensors'])
    if (!files.some(({ name }) => name === wanted))
      throw new ModelError({ model, problem: `is no LoRA adapter in safetensors: it has no ${wanted}` });
};
