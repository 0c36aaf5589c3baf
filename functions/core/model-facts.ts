import type { Sampling } from '../contract/infer-step.ts';

/** A file of the model as its makers wrote it: what is read from it is checked where it is read. */
export type LooseJson = Readonly<Record<string, unknown>>;

/** The files that say what a model is; undefined where there is none of that name. */
export type ModelDocuments = {
  /** config.json */
  readonly config: LooseJson;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: LooseJson | undefined;
  /** generation_config.json */
  readonly generationConfig?: LooseJson | undefined;
  /** modules.json of sentence-transformers. */
  readonly modules?: readonly LooseJson[] | undefined;
  /** config.json of its last module that changes the length of a vector. */
  readonly dense?: LooseJson | undefined;
  /** sentence_bert_config.json, or one of its siblings. */
  readonly encoderConfig?: LooseJson | undefined;
  /** The chat template: of chat_template.jinja, or of the tokenizer's configuration. */
  readonly chatTemplate?: string | undefined;
};

/** What a model is for. */
export const MODEL_KINDS = ['generative', 'embedding', 'cross-encoder', 'classifier', 'other'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

export type ModelFacts = {
  readonly kind: ModelKind;
  /** As config.json has it; `no architecture` where it has none. */
  readonly architecture: string;
  readonly hasChatTemplate: boolean;
  /** Undefined where no file says it. */
  readonly contextTokens: number | undefined;
  /** Of a model that embeds. */
  readonly dimensions: number | undefined;
  /** The type of the weights, in torch's words. */
  readonly dtype: string | undefined;
  readonly sampling: Sampling | undefined;
};

export const textAt = (document: LooseJson | undefined, key: string): string | undefined => {
  const value = document?.[key];
  return typeof value === 'string' ? value : undefined;
};

/** A finite number above 0. */
export const numberAt = (document: LooseJson | undefined, key: string): number | undefined => {
  const value = document?.[key];
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
};

export const isLooseJson = (value: unknown): value is LooseJson =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The part of config.json that is about text: models that also see have it one level down. */
export const textConfigOf = (config: LooseJson): LooseJson =>
  isLooseJson(config.text_config) ? config.text_config : config;
