import { ModelError } from '../../contract/errors-infer.ts';
import type { InferStep } from '../../contract/infer-step.ts';
import type { PlannedAdapter, PlannedModel } from '../../contract/planned-infer.ts';
import { findModel, type ModelPlace } from './find-model.ts';
import { fingerprintModel } from './fingerprint-model.ts';
import { type ModelFiles, openLocalModel, openRemoteModel } from './model-files.ts';
import type { ModelWorld } from './model-world.ts';
import { type ReadModel, readModel } from './read-model.ts';

/** A model with the place where a worker finds it. */
export type LocatedModel = { readonly planned: PlannedModel; readonly read: ReadModel };

type Question = { readonly baseDir: string; readonly signal: AbortSignal };

type PlaceHere = Exclude<ModelPlace, { readonly kind: 'hub' }>;

const placeOf = (place: PlaceHere): string => (place.kind === 'folder' ? place.folder : place.uri);

/**
 * Where a model is that can be read before its job is planned. One that only a worker could fetch would have no
 * revision: two starts could load two models, and a resume would find another plan, and pay for every answer again.
 */
const findHere = async (world: ModelWorld, model: string, baseDir: string): Promise<PlaceHere> => {
  const place = await findModel(model, { ...world, baseDir });
  if (place.kind !== 'hub') return place;
  const problem = `is not on this machine: bring it here first (\`hf download ${model}\`), or give the folder where it is`;
  throw new ModelError({ model, problem });
};

const openFiles = async (
  world: ModelWorld,
  place: PlaceHere,
  { model, signal }: { readonly model: string; readonly signal: AbortSignal },
): Promise<ModelFiles> =>
  place.kind === 'folder'
    ? openLocalModel(place.folder, model)
    : openRemoteModel(await world.openRemote(signal), place.uri);

const revisionOf = (place: PlaceHere, fingerprint: string): string =>
  (place.kind === 'folder' ? place.revision : undefined) ?? `files-${fingerprint}`;

/** Finds, reads and judges the model of a step. Fails with ModelError, and as its place does. */
export const locateModel = async (
  world: ModelWorld,
  step: Pick<InferStep, 'model'>,
  { baseDir, signal }: Question,
): Promise<LocatedModel> => {
  const name = step.model;
  const place = await findHere(world, name, baseDir);
  const read = await readModel(await openFiles(world, place, { model: name, signal }), name);
  const { contextTokens } = read.facts;
  return {
    planned: {
      name,
      place: placeOf(place),
      revision: revisionOf(place, read.fingerprint),
      ...(contextTokens === undefined ? {} : { contextTokens }),
    },
    read,
  };
};

/** Finds the adapter that a step names in the spec's list. Fails with ModelError. */
export const locateAdapter = async (
  world: ModelWorld,
  { lora }: Pick<InferStep, 'lora'>,
  {
    adapters,
    baseDir,
    signal,
  }: Question & { readonly adapters: readonly { readonly name: string; readonly model: string }[] },
): Promise<PlannedAdapter | undefined> => {
  const index = adapters.findIndex(({ name }) => name === lora);
  const adapter = adapters[index];
  if (adapter === undefined) return undefined;
  const { name, model } = adapter;
  const place = await findHere(world, model, baseDir);
  const files = await openFiles(world, place, { model, signal });
  requireAdapter(files, model);
  const revision = revisionOf(place, await fingerprintModel(files));
  return { name, number: index + 1, place: placeOf(place), revision };
};

const requireAdapter = ({ files }: ModelFiles, model: string): void => {
  for (const wanted of ['adapter_config.json', 'adapter_model.safetensors'])
    if (!files.some(({ name }) => name === wanted))
      throw new ModelError({ model, problem: `is no LoRA adapter in safetensors: it has no ${wanted}` });
};
