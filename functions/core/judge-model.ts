import type { InferStep } from '../contract/infer-step.ts';
import type { LooseJson, ModelFacts } from './model-facts.ts';

/** Formats of weights that are pickles, or may be: to load one is to run what is in it. */
const PICKLE = /\.(bin|pt|pth|ckpt|pkl|pickle|joblib)$/i;
const SAFETENSORS = /\.safetensors$/i;
const INDEX = 'model.safetensors.index.json';

/** The files that an index of shards names. */
const shardsOf = (index: LooseJson | undefined): readonly string[] => {
  const map = index?.weight_map;
  if (typeof map !== 'object' || map === null) return [];
  return [...new Set(Object.values(map))].filter((file): file is string => typeof file === 'string').sort();
};

/**
 * What is wrong with the weights among these files, as the end of a sentence that begins with the model's name;
 * undefined where nothing is. `index`: the content of `model.safetensors.index.json`, where it is there.
 */
export const judgeWeights = (names: readonly string[], index: LooseJson | undefined): string | undefined => {
  const missing = shardsOf(index).find((shard) => !names.includes(shard));
  if (missing !== undefined) return `is not complete: ${INDEX} names ${missing}, which is not there`;
  if (names.some((name) => SAFETENSORS.test(name))) return undefined;
  const pickle = names.find((name) => PICKLE.test(name));
  if (pickle !== undefined)
    return `has its weights as a pickle (${pickle}), which can run code when it is loaded, and only safetensors are read; convert it with \`save_pretrained\` of transformers`;
  const gguf = names.find((name) => /\.gguf$/i.test(name));
  if (gguf !== undefined)
    return `has its weights as GGUF (${gguf}), and only safetensors are read; use the model that it was made from, or an endpoint that serves GGUF`;
  return 'has no safetensors';
};

/**
 * What is wrong with the layers behind the body of a sentence-transformers model: each that has weights has them as
 * safetensors in its folder. vLLM loads a pickle there, and leaves out a layer that has none.
 */
export const judgeLayers = (
  names: readonly string[],
  modules: readonly LooseJson[] | undefined,
): string | undefined => {
  for (const { type, path } of modules ?? []) {
    if (typeof type !== 'string' || !type.endsWith('.Dense')) continue;
    const wanted = `${typeof path === 'string' ? path : ''}/model.safetensors`;
    if (!names.includes(wanted))
      return `has a layer ${type} without ${wanted}, and only safetensors are read; convert it with \`save_pretrained\` of sentence-transformers`;
  }
  return undefined;
};

/** What is wrong where a model brings code of its own. */
export const judgeCode = (documents: Readonly<Record<string, LooseJson | undefined>>): string | undefined => {
  const [found] = Object.entries(documents).find(([, document]) => document?.auto_map !== undefined) ?? [];
  if (found === undefined) return undefined;
  return `asks for Python code of its own (\`auto_map\` in ${found}), which is never run; where vLLM knows the architecture by itself, take \`auto_map\` out of a copy of the model`;
};

const article = (kind: ModelFacts['kind']): string =>
  ({
    generative: 'a model that generates text',
    embedding: 'a model that embeds',
    'cross-encoder': 'a cross-encoder, which scores pairs',
    classifier: 'a classifier of several classes',
    other: 'a model that none of the tasks can use',
  })[kind];

const FITTING: Readonly<Record<InferStep['task'], readonly ModelFacts['kind'][]>> = {
  chat: ['generative'],
  generate: ['generative'],
  embed: ['embedding'],
  score: ['cross-encoder', 'embedding'],
};

const TASKS_OF: Readonly<Partial<Record<ModelFacts['kind'], string>>> = {
  generative: '`chat` or `generate`',
  embedding: '`embed` or `score`',
  'cross-encoder': '`score`',
};

/** Why a model cannot do a task, and what to do; undefined where it can. */
export const judgeTask = (
  { task, model }: Pick<InferStep, 'task' | 'model'>,
  facts: Pick<ModelFacts, 'kind' | 'architecture' | 'hasChatTemplate'>,
): string | undefined => {
  const { kind, architecture } = facts;
  if (!FITTING[task].includes(kind)) {
    const wanted = FITTING[task].map(article).join(' or ');
    const instead = TASKS_OF[kind];
    const advice = instead === undefined ? '' : `; with this one use the task ${instead}`;
    return `the task ${task} needs ${wanted}, and ${model} is ${article(kind)} (${architecture})${advice}`;
  }
  if (task === 'chat' && !facts.hasChatTemplate)
    return `the task chat needs a model with a chat template, and ${model} has none; use the task \`generate\`, with the whole text in \`prompt\``;
  return undefined;
};
