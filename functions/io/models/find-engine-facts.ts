import { SpecError } from '../../contract/errors.ts';
import { EngineMissingError, ModelError } from '../../contract/errors-infer.ts';
import type { InferStep } from '../../contract/infer-step.ts';
import type { PlannedAdapter, PlannedEngine } from '../../contract/planned-infer.ts';
import {
  type ChosenEngine,
  chooseEngine,
  type FoundEngines,
  type FoundVllm,
} from '../../core/choose-engine.ts';
import { judgeTask } from '../../core/judge-model.ts';
import { renderSpecPath } from '../../core/spec-path.ts';
import { machineName, renderWorkerCommand } from '../engines/worker-command.ts';
import type { RemoteFiles } from '../remote/remote-files.ts';
import type { EngineFacts, FindEngineFacts } from './engine-facts.ts';
import { findModel, type ModelPlace, type ModelPlaces } from './find-model.ts';
import { openLocalModel, openRemoteModel } from './model-files.ts';
import { type ReadModel, readModel } from './read-model.ts';

/** The world as this question sees it. */
export type ModelWorld = Pick<ModelPlaces, 'modelsDir' | 'environment'> & {
  /** The folder of this package. */
  readonly root: string;
  readonly findEngines: (signal: AbortSignal) => Promise<FoundEngines>;
  /** Asked for where a model is an `s3://` prefix. */
  readonly openRemote: (signal: AbortSignal) => Promise<RemoteFiles>;
};

type Question = Parameters<FindEngineFacts>[0];

/** Opens the question of how steps run here. */
export const createFindEngineFacts =
  (world: ModelWorld): FindEngineFacts =>
  async (question) => {
    const { engine, model } = question.step;
    const found = await world.findEngines(question.signal);
    const choice = chooseEngine(found, { engine, model });
    if (choice.kind === 'none') throw new EngineMissingError({ wanted: engine, problem: choice.problem });
    return choice.kind === 'endpoint'
      ? factsOfEndpoint(choice, question)
      : factsOfVllm(world, { found, choice, question });
  };

/** The model is the endpoint's own: nothing about it is known here. */
const factsOfEndpoint = (
  { name, because }: ChosenEngine & { readonly kind: 'endpoint' },
  { step }: Question,
): EngineFacts => ({
  engine: { kind: 'endpoint', name },
  model: { name: step.model },
  notes: [],
  because,
  machine: name,
});

type Chosen = {
  readonly found: FoundEngines;
  readonly choice: ChosenEngine & { readonly kind: 'vllm' };
  readonly question: Question;
};

const factsOfVllm = async (
  world: ModelWorld,
  { found, choice: { vllm, because }, question }: Chosen,
): Promise<EngineFacts> => {
  const { step, threads } = question;
  const place = await findModel(step.model, { ...world, baseDir: question.baseDir });
  const model = await readPlace(world, place, question);
  if (model === undefined) requireKnown(world, step);
  else requireFit(model, question);
  const isHere = place.kind !== 'hub';
  const contextTokens = model?.facts.contextTokens;
  const adapter = await findAdapter(world, question);
  return {
    engine: engineOf(vllm, model),
    model: {
      name: step.model,
      place: placeOf(place),
      ...revisionOf(place, model),
      ...(contextTokens === undefined ? {} : { contextTokens }),
    },
    ...(adapter === undefined ? {} : { adapter }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...dimensionsOf(model, step),
    ...(model?.facts.sampling === undefined ? {} : { sampling: model.facts.sampling }),
    ...(await counterOf(model, step)),
    because,
    machine: machineName(vllm, found.gpus, threads),
    worker: renderWorkerCommand({
      vllm,
      gpus: found.gpus,
      root: world.root,
      weightBytes: model?.weightBytes ?? 0,
      isHere,
    }),
  };
};

const placeOf = (place: ModelPlace): string =>
  place.kind === 'folder' ? place.folder : place.kind === 's3' ? place.uri : place.name;

const revisionOf = (place: ModelPlace, model: ReadModel | undefined): { readonly revision?: string } => {
  if (place.kind === 'folder' && place.revision !== undefined) return { revision: place.revision };
  return model === undefined ? {} : { revision: `files-${model.fingerprint}` };
};

/** Undefined for a model of the hub that is not here. */
const readPlace = async (
  world: ModelWorld,
  place: ModelPlace,
  { step, signal }: Question,
): Promise<ReadModel | undefined> => {
  if (place.kind === 'hub') return undefined;
  const files =
    place.kind === 'folder'
      ? await openLocalModel(place.folder, step.model)
      : await openRemoteModel(await world.openRemote(signal), place.uri);
  return readModel(files, step.model);
};

/** What is not here can be fetched by the worker, where that may be and nothing of it must be known before. */
const requireKnown = ({ environment }: ModelWorld, { model, task }: InferStep): void => {
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

const requireFit = ({ facts }: ReadModel, { step, index }: Question): void => {
  const problem = judgeTask(step, facts);
  if (problem !== undefined)
    throw new SpecError([{ path: renderSpecPath(['steps', index, 'infer', 'model']), message: problem }]);
};

/** Half precision of the old kind is unstable on a CPU, and vLLM makes it of 32 bits where nobody says otherwise. */
const engineOf = ({ device }: FoundVllm, model: ReadModel | undefined): PlannedEngine => {
  const own = model?.facts.dtype;
  const dtype = own === 'float16' && device === 'cpu' ? 'bfloat16' : own;
  return { kind: 'vllm', args: dtype === undefined ? {} : { dtype } };
};

const dimensionsOf = (
  model: ReadModel | undefined,
  { task, model: name }: InferStep,
): { readonly dimensions?: number } => {
  if (model === undefined || task !== 'embed') return {};
  const { dimensions } = model.facts;
  if (dimensions === undefined)
    throw new ModelError({
      model: name,
      problem: 'does not say in config.json how long its vectors are (hidden_size)',
    });
  return { dimensions };
};

/** A tokenizer that cannot be read here keeps nobody from running the model. */
const counterOf = async (
  model: ReadModel | undefined,
  { model: name }: InferStep,
): Promise<Pick<EngineFacts, 'countTokens' | 'notes'>> => {
  if (model === undefined)
    return {
      notes: [`${name} is not on this machine: its worker fetches it, and tokens are not counted before`],
    };
  const { tokenizer, documents, facts } = model;
  if (tokenizer === undefined)
    return { notes: [`${name} has no tokenizer.json: tokens are not counted before`] };
  // Loaded here: most jobs have no model.
  const { openTokenCounter } = await import('./count-tokens.ts');
  try {
    const tokenizerConfig = documents.tokenizerConfig ?? {};
    return { notes: [], countTokens: openTokenCounter({ kind: facts.kind, tokenizer, tokenizerConfig }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      notes: [`the tokenizer of ${name} cannot be read here (${reason}): tokens are not counted before`],
    };
  }
};

const findAdapter = async (world: ModelWorld, question: Question): Promise<PlannedAdapter | undefined> => {
  const { step, adapters, baseDir } = question;
  const index = adapters.findIndex(({ name }) => name === step.lora);
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
      throw new ModelError({ model, problem: `is no LoRA adapter: it has no ${wanted}` });
};
