import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { InferRequest } from '../../../functions/contract/planned-infer.ts';
import type { LooseJson } from '../../../functions/core/model-facts.ts';

const folder = path.join(import.meta.dirname, '../../fixtures/tokenizers');

const readJson = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));

/** Of `requests.json`, in its order; null where transformers has no such count. */
export type GoldenCounts = {
  readonly tokens: readonly (number | null)[];
  readonly pairs: readonly (number | null)[];
};

export const MODELS = ['smollm2-135m-instruct', 'all-minilm-l6-v2'] as const;
export type FixtureModel = (typeof MODELS)[number];

export const readRequests = (): readonly InferRequest[] => readJson('requests.json') as InferRequest[];

export const readGolden = (model: FixtureModel): GoldenCounts =>
  (readJson('counts.json') as Record<FixtureModel, GoldenCounts>)[model];

/** The files of a model that its tokens are counted with. */
export const readTokenizer = (
  model: FixtureModel,
): { readonly tokenizer: LooseJson; readonly tokenizerConfig: LooseJson } => ({
  tokenizer: JSON.parse(
    gunzipSync(readFileSync(path.join(folder, model, 'tokenizer.json.gz'))).toString(),
  ) as LooseJson,
  tokenizerConfig: readJson(`${model}/tokenizer_config.json`) as LooseJson,
});

export const readTemplate = (model: FixtureModel): string =>
  readFileSync(path.join(folder, model, 'chat_template.jinja'), 'utf8');
