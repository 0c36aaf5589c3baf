import { Sampling } from '../contract/infer-step.ts';
import { contextTokensOf } from './context-tokens.ts';
import {
  isLooseJson,
  type LooseJson,
  type ModelDocuments,
  type ModelFacts,
  type ModelKind,
  numberAt,
  textAt,
  textConfigOf,
} from './model-facts.ts';

/** What the name of an architecture says, by how it ends. @see vllm/config/model.py, `_SUFFIX_TO_DEFAULTS` */
const KIND_BY_SUFFIX: readonly (readonly [string, ModelKind])[] = [
  ['ForCausalLM', 'generative'],
  ['ForConditionalGeneration', 'generative'],
  ['ChatModel', 'generative'],
  ['LMHeadModel', 'generative'],
  ['ForSequenceClassification', 'classifier'],
  ['ForTextEncoding', 'embedding'],
  ['EmbeddingModel', 'embedding'],
  ['ForMaskedLM', 'embedding'],
  ['ForTokenClassification', 'other'],
  ['ForQuestionAnswering', 'other'],
  ['ForMultipleChoice', 'other'],
  ['ForRewardModeling', 'other'],
  ['RewardModel', 'other'],
  ['Model', 'embedding'],
];

const architectureOf = ({ architectures }: LooseJson): string | undefined => {
  const [first] = Array.isArray(architectures) ? architectures : [];
  return typeof first === 'string' ? first : undefined;
};

/** transformers takes two classes where nothing is said. */
const countLabels = (config: LooseJson): number => {
  if (isLooseJson(config.id2label)) return Object.keys(config.id2label).length;
  return numberAt(config, 'num_labels') ?? 2;
};

const kindOf = ({ config, modules }: ModelDocuments, architecture: string): ModelKind => {
  const kind = KIND_BY_SUFFIX.find(([suffix]) => architecture.endsWith(suffix))?.[1] ?? 'other';
  if (kind === 'classifier') return countLabels(config) === 1 ? 'cross-encoder' : 'classifier';
  // Makers of models that embed say so by these modules, also where the body is one that generates.
  return modules === undefined || modules.length === 0 ? kind : 'embedding';
};

const dimensionsOf = ({ config, dense }: ModelDocuments): number | undefined => {
  const text = textConfigOf(config);
  const length =
    numberAt(dense, 'out_features') ??
    numberAt(text, 'hidden_size') ??
    numberAt(text, 'n_embd') ??
    numberAt(text, 'd_model') ??
    numberAt(text, 'dim');
  return length !== undefined && Number.isInteger(length) ? length : undefined;
};

/** What generation_config.json may say of sampling, by vLLM's names. @see `get_diff_sampling_param` of vLLM */
const ADVISED = [
  'repetition_penalty',
  'presence_penalty',
  'frequency_penalty',
  'temperature',
  'top_k',
  'top_p',
  'min_p',
] as const;

/** What the makers advise; a value that no engine would take is left out. */
const samplingOf = (generation: LooseJson | undefined): Sampling | undefined => {
  const advised = ADVISED.flatMap((name) => {
    const { success, data } = Sampling.safeParse({ [name]: generation?.[name] });
    return success && data[name] !== undefined ? [[name, data[name]] as const] : [];
  });
  const length = Sampling.safeParse({ max_tokens: generation?.max_new_tokens });
  if (length.success && length.data.max_tokens !== undefined)
    return { ...Object.fromEntries(advised), ...length.data };
  return advised.length === 0 ? undefined : Object.fromEntries(advised);
};

/** Reads off a model's files what it is, without judging it. */
export const describeModel = (model: ModelDocuments): ModelFacts => {
  const architecture = architectureOf(model.config) ?? 'no architecture';
  const kind = kindOf(model, architecture);
  const text = textConfigOf(model.config);
  return {
    kind,
    architecture,
    hasChatTemplate: model.chatTemplate !== undefined,
    contextTokens: contextTokensOf(model),
    dimensions: kind === 'embedding' ? dimensionsOf(model) : undefined,
    dtype: textAt(text, 'dtype') ?? textAt(text, 'torch_dtype') ?? textAt(model.config, 'torch_dtype'),
    sampling: samplingOf(model.generationConfig),
  };
};
