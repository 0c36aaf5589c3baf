import { ModelError } from '../../contract/errors-infer.ts';
import { describeModel } from '../../core/describe-model.ts';
import { judgeCode, judgeLayers, judgeWeights } from '../../core/judge-model.ts';
import {
  isLooseJson,
  type LooseJson,
  type ModelDocuments,
  type ModelFacts,
  textAt,
} from '../../core/model-facts.ts';
import { fingerprintModel } from './fingerprint-model.ts';
import type { ModelFiles } from './model-files.ts';

/** Tokenizers of 250,000 pieces have 20 MB; larger is no such file. */
const MOST_BYTES = 64 * 2 ** 20;

/** What is read of a model: what it is, and what its tokens are counted with. */
export type ReadModel = {
  readonly facts: ModelFacts;
  readonly documents: ModelDocuments;
  /** tokenizer.json; undefined where the model has none. */
  readonly tokenizer: LooseJson | undefined;
  /** A hash of the small files and of the ends of the large ones: a model that changed has another. */
  readonly fingerprint: string;
  readonly weightBytes: number;
};

type Reader = { readonly model: string; readonly files: ModelFiles };

const has = ({ files }: Reader, name: string): boolean => files.files.some((file) => file.name === name);

const readText = async (reader: Reader, name: string): Promise<string | undefined> => {
  const file = reader.files.files.find((each) => each.name === name);
  if (file === undefined) return undefined;
  if (file.sizeBytes > MOST_BYTES)
    throw new ModelError({
      model: reader.model,
      problem: `has a ${name} of ${file.sizeBytes} bytes, and at most ${MOST_BYTES} are read`,
    });
  return new TextDecoder().decode(await reader.files.read(name, { offset: 0, length: file.sizeBytes }));
};

const readDocument = async (reader: Reader, name: string): Promise<unknown> => {
  const text = await readText(reader, name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelError({ model: reader.model, problem: `has a ${name} that is no JSON` }, { cause: error });
  }
};

const readObject = async (reader: Reader, name: string): Promise<LooseJson | undefined> => {
  const document = await readDocument(reader, name);
  if (document === undefined || isLooseJson(document)) return document;
  throw new ModelError({ model: reader.model, problem: `has a ${name} that is no JSON object` });
};

/** sentence-transformers names this file after the body of the model; vLLM knows these. */
const ENCODER_CONFIGS = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (body) => `sentence_${body}_config.json`,
);

const readEncoderConfig = async (reader: Reader): Promise<LooseJson | undefined> => {
  const name = ENCODER_CONFIGS.find((each) => has(reader, each));
  return name === undefined ? undefined : readObject(reader, name);
};

const readModules = async (reader: Reader): Promise<readonly LooseJson[] | undefined> => {
  const modules = await readDocument(reader, 'modules.json');
  return Array.isArray(modules) ? modules.filter(isLooseJson) : undefined;
};

/** Of the last module that gives a vector another length. */
const readDense = async (
  reader: Reader,
  modules: readonly LooseJson[] | undefined,
): Promise<LooseJson | undefined> => {
  const dense = modules?.findLast((module) => (textAt(module, 'type') ?? '').endsWith('.Dense'));
  const folder = textAt(dense, 'path');
  return folder === undefined ? undefined : readObject(reader, `${folder}/config.json`);
};

/** Of several named templates transformers takes the one called default. */
const templateOf = (tokenizerConfig: LooseJson | undefined): string | undefined => {
  const template = tokenizerConfig?.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  return textAt(
    template.filter(isLooseJson).find(({ name }) => name === 'default'),
    'template',
  );
};

/** Newer models have the template in a file of its own, which goes before the other. */
const readTemplate = async (
  reader: Reader,
  tokenizerConfig: LooseJson | undefined,
): Promise<string | undefined> =>
  (await readText(reader, 'chat_template.jinja')) ??
  textAt(await readObject(reader, 'chat_template.json'), 'chat_template') ??
  templateOf(tokenizerConfig);

/**
 * Reads the small files of a model and judges it: safetensors, all of them, and no code of its own. Fails with
 * ModelError, and as the files do.
 */
export const readModel = async (files: ModelFiles, model: string): Promise<ReadModel> => {
  const reader = { model, files };
  const refuse = (problem: string | undefined): void => {
    if (problem !== undefined) throw new ModelError({ model, problem });
  };
  const config = await readObject(reader, 'config.json');
  if (config === undefined) {
    refuse(
      judgeWeights(
        files.files.map(({ name }) => name),
        undefined,
      ),
    );
    throw new ModelError({ model, problem: 'has no config.json' });
  }
  const tokenizerConfig = await readObject(reader, 'tokenizer_config.json');
  const index = await readObject(reader, 'model.safetensors.index.json');
  refuse(
    judgeWeights(
      files.files.map(({ name }) => name),
      index,
    ),
  );
  refuse(judgeCode({ 'config.json': config, 'tokenizer_config.json': tokenizerConfig }));
  const modules = await readModules(reader);
  refuse(
    judgeLayers(
      files.files.map(({ name }) => name),
      modules,
    ),
  );
  const documents: ModelDocuments = {
    config,
    tokenizerConfig,
    generationConfig: await readObject(reader, 'generation_config.json'),
    modules,
    dense: await readDense(reader, modules),
    encoderConfig: await readEncoderConfig(reader),
    chatTemplate: await readTemplate(reader, tokenizerConfig),
  };
  return {
    facts: describeModel(documents),
    documents,
    tokenizer: await readObject(reader, 'tokenizer.json'),
    fingerprint: await fingerprintModel(files),
    weightBytes: files.files
      .filter(({ name }) => name.endsWith('.safetensors'))
      .reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
  };
};
