import { describe, expect, it } from 'vitest';
import { INFER_TASKS } from '../../functions/contract/infer-step.ts';
import { judgeCode, judgeTask, judgeWeights } from '../../functions/core/judge-model.ts';
import { MODEL_KINDS } from '../../functions/core/model-facts.ts';

describe('judgeWeights', () => {
  it('accepts safetensors, beside which a pickle is not read', () => {
    expect(
      judgeWeights(['config.json', 'model.safetensors', 'pytorch_model.bin'], undefined),
    ).toBeUndefined();
  });

  it.each(['pytorch_model.bin', 'model.pt', 'consolidated.00.pth', 'model.ckpt', 'weights.pkl'])(
    'rejects weights as a pickle by name: %s',
    (name) => {
      expect(judgeWeights(['config.json', name], undefined)).toContain(name);
    },
  );

  it('rejects GGUF, and a folder without weights', () => {
    expect(judgeWeights(['model.Q4_1.gguf'], undefined)).toContain('GGUF');
    expect(judgeWeights(['config.json', 'README.md'], undefined)).toBe('has no safetensors');
  });

  it('rejects a model with a shard that is not there', () => {
    const index = {
      weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
    };
    const names = ['config.json', 'model-00001-of-00002.safetensors'];
    expect(judgeWeights(names, index)).toContain('model-00002-of-00002.safetensors');
    expect(judgeWeights([...names, 'model-00002-of-00002.safetensors'], index)).toBeUndefined();
  });
});

describe('judgeCode', () => {
  it('rejects a model that brings code of its own, in whichever file it says so', () => {
    const auto_map = { AutoModel: 'modeling_evil.EvilModel' };
    expect(judgeCode({ 'config.json': { auto_map }, 'tokenizer_config.json': undefined })).toContain(
      'config.json',
    );
    expect(judgeCode({ 'config.json': {}, 'tokenizer_config.json': { auto_map } })).toContain(
      'tokenizer_config.json',
    );
    expect(judgeCode({ 'config.json': { model_type: 'llama' } })).toBeUndefined();
  });
});

describe('judgeTask', () => {
  const judge = (
    task: (typeof INFER_TASKS)[number],
    kind: (typeof MODEL_KINDS)[number],
    hasChatTemplate = true,
  ) => judgeTask({ task, model: 'org/model' }, { kind, architecture: 'SomeModel', hasChatTemplate });

  it('lets each kind of model do what it is for, and says of every other pair what to do', () => {
    const fits = INFER_TASKS.flatMap((task) =>
      MODEL_KINDS.filter((kind) => judge(task, kind) === undefined).map((kind) => `${task} ${kind}`),
    );
    expect(fits).toEqual([
      'chat generative',
      'generate generative',
      'embed embedding',
      'score embedding',
      'score cross-encoder',
    ]);
    expect(judge('embed', 'generative')).toBe(
      'the task embed needs a model that embeds, and org/model is a model that generates text (SomeModel); with this one use the task `chat` or `generate`',
    );
    expect(judge('chat', 'other')).toContain('none of the tasks can use');
  });

  it('asks for a chat template where there is to be a chat', () => {
    expect(judge('chat', 'generative', false)).toContain('`generate`');
    expect(judge('generate', 'generative', false)).toBeUndefined();
  });
});
