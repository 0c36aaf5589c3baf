import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export type ModelFolder = Readonly<Record<string, unknown>>;

/** Files of a model that fits the task chat; weights are a few bytes. */
export const CHAT_MODEL: ModelFolder = {
  'config.json': {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    max_position_embeddings: 2048,
    hidden_size: 64,
    dtype: 'bfloat16',
  },
  'generation_config.json': { temperature: 0.6, eos_token_id: 2 },
  'tokenizer_config.json': { eos_token: '<|im_end|>' },
  'chat_template.jinja': '{% for message in messages %}{{ message.content }}{% endfor %}',
  'model.safetensors': 'weights',
};

export const EMBEDDING_MODEL: ModelFolder = {
  'config.json': { architectures: ['BertModel'], hidden_size: 384, max_position_embeddings: 512 },
  'modules.json': [
    { idx: 0, path: '', type: 'sentence_transformers.models.Transformer' },
    { idx: 1, path: '2_Dense', type: 'sentence_transformers.models.Dense' },
  ],
  '2_Dense/config.json': { in_features: 384, out_features: 128 },
  '2_Dense/model.safetensors': 'weights',
  'sentence_bert_config.json': { max_seq_length: 256 },
  'model.safetensors': 'weights',
};

/** Writes files of a model; what is no text goes in as JSON. */
export const writeModel = async (folder: string, files: ModelFolder): Promise<void> => {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
};
