import { describe, expect, it } from 'vitest';
import { contextTokensOf } from '../../functions/core/context-tokens.ts';
import { describeModel } from '../../functions/core/describe-model.ts';
import type { LooseJson, ModelDocuments } from '../../functions/core/model-facts.ts';

const SENTENCE = [
  { idx: 0, path: '', type: 'sentence_transformers.models.Transformer' },
  { idx: 1, path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
];

const kind = (config: LooseJson, more: Partial<ModelDocuments> = {}) =>
  describeModel({ config, ...more }).kind;

describe('describeModel', () => {
  it.each([
    ['LlamaForCausalLM', 'generative'],
    ['GPT2LMHeadModel', 'generative'],
    ['Gemma3ForConditionalGeneration', 'generative'],
    ['BertModel', 'embedding'],
    ['ModernBertForMaskedLM', 'embedding'],
    ['BertForTokenClassification', 'other'],
    ['ResNetForSomething', 'other'],
  ])('knows %s by its name: %s', (architecture, expected) => {
    expect(kind({ architectures: [architecture] })).toBe(expected);
  });

  it('takes a body that generates for one that embeds where its makers say so', () => {
    const config = { architectures: ['Qwen3ForCausalLM'], hidden_size: 1024 };
    expect(describeModel({ config, modules: SENTENCE })).toMatchObject({
      kind: 'embedding',
      dimensions: 1024,
    });
    expect(describeModel({ config })).toMatchObject({ kind: 'generative', dimensions: undefined });
  });

  it('tells a cross-encoder from a classifier by the number of its classes', () => {
    const architectures = ['BertForSequenceClassification'];
    expect(kind({ architectures, id2label: { '0': 'LABEL_0' } })).toBe('cross-encoder');
    expect(kind({ architectures, num_labels: 1 })).toBe('cross-encoder');
    expect(kind({ architectures, id2label: { '0': 'no', '1': 'yes' } })).toBe('classifier');
    expect(kind({ architectures })).toBe('classifier');
  });

  it('takes the length of a vector from the last module that changes it', () => {
    const config = { architectures: ['BertModel'], hidden_size: 768 };
    expect(describeModel({ config, modules: SENTENCE }).dimensions).toBe(768);
    expect(describeModel({ config, modules: SENTENCE, dense: { out_features: 512 } }).dimensions).toBe(512);
    expect(describeModel({ config: { architectures: ['DistilBertModel'], dim: 384 } }).dimensions).toBe(384);
  });

  it('passes on what its makers advise for sampling, and nothing that no engine would take', () => {
    const generationConfig = {
      temperature: 0.7,
      top_p: 0.8,
      top_k: 20,
      max_new_tokens: 256,
      do_sample: true,
    };
    const config = { architectures: ['Qwen2ForCausalLM'] };
    expect(describeModel({ config, generationConfig }).sampling).toEqual({
      temperature: 0.7,
      top_p: 0.8,
      top_k: 20,
      max_tokens: 256,
    });
    expect(
      describeModel({ config, generationConfig: { temperature: 'hot', top_p: 7 } }).sampling,
    ).toBeUndefined();
  });

  it('reads the type of the weights under the old name and the new one', () => {
    expect(describeModel({ config: { torch_dtype: 'float16' } }).dtype).toBe('float16');
    expect(describeModel({ config: { dtype: 'bfloat16' } }).dtype).toBe('bfloat16');
  });
});

describe('contextTokensOf', () => {
  it.each<[string, number | undefined, ModelDocuments]>([
    ['a Llama', 8192, { config: { max_position_embeddings: 8192 } }],
    ['a GPT-2', 1024, { config: { n_positions: 1024 } }],
    ['the shortest of several lengths', 512, { config: { max_position_embeddings: 4096, seq_length: 512 } }],
    ['a model that also sees', 32_768, { config: { text_config: { max_position_embeddings: 32_768 } } }],
    [
      'linear RoPE, whose factor counts',
      16_384,
      { config: { max_position_embeddings: 4096, rope_scaling: { type: 'linear', factor: 4 } } },
    ],
    [
      'YaRN, whose length is scaled already',
      131_072,
      { config: { max_position_embeddings: 131_072, rope_scaling: { rope_type: 'yarn', factor: 4 } } },
    ],
    [
      'LongRoPE, as it was trained first',
      4096,
      {
        config: {
          max_position_embeddings: 131_072,
          original_max_position_embeddings: 4096,
          rope_scaling: { rope_type: 'longrope' },
        },
      },
    ],
    [
      'sentence-transformers, which say it themselves',
      256,
      { config: { max_position_embeddings: 512 }, encoderConfig: { max_seq_length: 256 } },
    ],
    [
      'learned positions, where the tokenizer ends sooner',
      384,
      {
        config: { max_position_embeddings: 512, position_embedding_type: 'absolute' },
        tokenizerConfig: { model_max_length: 384 },
      },
    ],
    ['a model that says nothing', undefined, { config: { model_type: 'bert' } }],
    ['nonsense', undefined, { config: { max_position_embeddings: 'many', n_positions: -1 } }],
  ])('reads the context of %s', (_, expected, documents) => {
    expect(contextTokensOf(documents)).toBe(expected);
  });
});
