import { SpecError } from '../../contract/errors.ts';
import { EngineMissingError, ModelError } from '../../contract/errors-infer.ts';
import type { InferStep } from '../../contract/infer-step.ts';
import type { PlannedEngine } from '../../contract/planned-infer.ts';
import {
  type ChosenEngine,
  chooseEngine,
  type FoundEngines,
  type FoundVllm,
} from '../../core/choose-engine.ts';
import { judgeTask } from '../../core/judge-model.ts';
import { renderSpecPath } from '../../core/spec-path.ts';
import { machineName, renderWorkerCommand } from '../engines/worker-command.ts';
import type { EngineFacts, FindEngineFacts } from './engine-facts.ts';
import { locateAdapter, locateModel } from './locate-model.ts';
import type { ModelWorld } from './model-world.ts';
import type { ReadModel } from './read-model.ts';

type Question = Parameters<FindEngineFacts>[0];

/** Answers how steps run in this world: which engine, with which model, and what is known of both before. */
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
  because,
  notes: [],
  machine: name,
});

type Chosen = {
  readonly found: FoundEngines;
  readonly choice: ChosenEngine & { readonly kind: 'vllm' };
  readonly question: Question;
};

const factsOfVllm = async (
  world: ModelWorld,
  { found: { gpus }, choice: { vllm, because }, question }: Chosen,
): Promise<EngineFacts> => {
  const { step } = question;
  const { planned, read } = await locateModel(world, step, question);
  requireFit(read, question);
  const adapter = await locateAdapter(world, step, question);
  const contextTokens = planned.contextTokens;
  const { weightBytes } = read;
  return {
    engine: engineOf(vllm, read),
    model: planned,
    ...(adapter === undefined ? {} : { adapter }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...dimensionsOf(read, step),
    ...(read.facts.sampling === undefined ? {} : { sampling: read.facts.sampling }),
    ...(await counterOf(read, step)),
    because,
    machine: machineName(vllm, gpus, question.threads),
    worker: renderWorkerCommand({ vllm, gpus, root: world.root, weightBytes }),
  };
};

const requireFit = ({ facts }: ReadModel, { step, index }: Question): void => {
  const problem = judgeTask(step, facts);
  if (problem !== undefined)
    throw new SpecError([{ path: renderSpecPath(['steps', index, 'infer', 'model']), message: problem }]);
};

/**
 * The type of the model's own weights, said outright: vLLM by itself makes half precision of 32 bits. Half precision of
 * the old kind is unstable on a CPU.
 */
const engineOf = ({ device }: FoundVllm, { facts }: ReadModel): PlannedEngine => {
  const own = facts.dtype;
  const dtype = own === 'float16' && device === 'cpu' ? 'bfloat16' : own;
  return { kind: 'vllm', args: dtype === undefined ? {} : { dtype } };
};

const dimensionsOf = (read: ReadModel, { task, model }: InferStep): { readonly dimensions?: number } => {
  if (task !== 'embed') return {};
  const { dimensions } = read.facts;
  if (dimensions === undefined)
    throw new ModelError({
      model,
      problem: 'does not say in config.json how long its vectors are (hidden_size)',
    });
  return { dimensions };
};

/** A tokenizer that cannot be read here keeps nobody from running the model. */
const counterOf = async (
  read: ReadModel,
  { model }: InferStep,
): Promise<Pick<EngineFacts, 'countTokens' | 'notes'>> => {
  const without = (reason: string) => ({ notes: [`${reason}: its tokens are not counted before`] });
  const { tokenizer, documents, facts } = read;
  if (tokenizer === undefined) return without(`${model} has no tokenizer.json`);
  // Loaded here: most jobs have no model.
  const { openTokenCounter } = await import('./count-tokens.ts');
  try {
    const { tokenizerConfig = {}, chatTemplate } = documents;
    return {
      notes: [],
      countTokens: openTokenCounter({ kind: facts.kind, tokenizer, tokenizerConfig, chatTemplate }),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return without(`the tokenizer of ${model} is of a kind that cannot be read here (${reason})`);
  }
};
