import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { SpecError } from '../../../functions/contract/errors.ts';
import { EngineMissingError, ModelError } from '../../../functions/contract/errors-infer.ts';
import { InferStep } from '../../../functions/contract/infer-step.ts';
import type { FoundEngines } from '../../../functions/core/choose-engine.ts';
import { createFindEngineFacts } from '../../../functions/io/models/find-engine-facts.ts';
import { withFolder } from '../open-input.ts';
import { openRemoteFolder } from '../remote/remote-folder.ts';
import { CHAT_MODEL, EMBEDDING_MODEL, type ModelFolder, writeModel } from './model-folder.ts';
import { readTemplate, readTokenizer } from './open-fixture.ts';

const NEVER = new AbortController().signal;
const CPU = { python: '/cpu/python', version: '0.32.0+cpu', device: 'cpu' } as const;
const NOTHING: FoundEngines = { gpus: [], vllms: [], endpoints: [], notes: [] };
const WITH_CPU: FoundEngines = { ...NOTHING, vllms: [CPU] };

type Asked = {
  readonly step?: Readonly<Record<string, unknown>>;
  readonly model?: ModelFolder;
  readonly found?: FoundEngines;
  readonly environment?: Readonly<Record<string, string>>;
  readonly adapters?: readonly { readonly name: string; readonly model: string }[];
};

const CHAT = { prompt: '{{ x }}', output: 'y' };
const EMBED = { task: 'embed', prompt: '{{ x }}', output: 'y' };

/** Asks about a step whose model is the folder `./m` beside the spec. */
const ask = ({
  step = CHAT,
  model = CHAT_MODEL,
  found = WITH_CPU,
  environment = {},
  adapters = [],
}: Asked = {}) =>
  withFolder(async (root) => {
    await writeModel(path.join(root, 'm'), model);
    const find = createFindEngineFacts({
      root: '/the/package',
      modelsDir: path.join(root, 'models'),
      environment: { HF_HOME: path.join(root, 'hf'), ...environment },
      findEngines: async () => found,
      openRemote: async () => openRemoteFolder(root),
    });
    return find({
      step: InferStep.parse({ model: './m', ...step }),
      index: 3,
      adapters,
      baseDir: root,
      threads: 2,
      signal: NEVER,
    });
  });

describe('createFindEngineFacts', () => {
  it('says of a model for a chat what a plan needs', async () => {
    const facts = await ask();
    expect(facts).toMatchObject({
      engine: { kind: 'vllm', args: { dtype: 'bfloat16' } },
      model: { name: './m', contextTokens: 2048 },
      contextTokens: 2048,
      sampling: { temperature: 0.6 },
      because: expect.stringMatching(/vLLM 0.32.0\+cpu for the CPU/),
      machine: expect.stringMatching(/, 2 threads$/),
    });
    expect(facts.model.revision).toMatch(/^files-[0-9a-f]+$/);
    expect(facts.dimensions).toBeUndefined();
  });

  it('starts the worker of this package, with a share of threads and memory, and without the hub', async () => {
    const { worker } = await ask();
    expect(worker?.python).toBe('/cpu/python');
    expect(worker?.environment({ threads: 2, memoryBytes: 8 * 2 ** 30 })).toMatchObject({
      PYTHONPATH: '/the/package/gpu-image',
      HF_HUB_OFFLINE: '1',
      OMP_NUM_THREADS: '2',
      VLLM_CPU_KVCACHE_SPACE: '5',
      PYTHONDONTWRITEBYTECODE: '',
    });
  });

  it('counts tokens where the tokenizer is there, and says so where it is not', async () => {
    const { tokenizer, tokenizerConfig } = readTokenizer('smollm2-135m-instruct');
    const template = readTemplate('smollm2-135m-instruct');
    const model = {
      ...CHAT_MODEL,
      'tokenizer.json': tokenizer,
      'tokenizer_config.json': tokenizerConfig,
      'chat_template.jinja': template,
    };
    const { countTokens, notes } = await ask({ model });
    const counted = await countTokens?.([{ messages: [{ role: 'user', content: 'Hello, world!' }] }]);
    expect(counted).toMatchObject({ isExact: true });
    expect(notes).toEqual([]);
    const without = await ask();
    expect(without.countTokens).toBeUndefined();
    expect(without.notes).toEqual(['./m has no tokenizer.json: its tokens are not counted before']);
  });

  it('goes on without counts where the tokenizer is of an unknown kind', async () => {
    const { countTokens, notes } = await ask({
      model: { ...CHAT_MODEL, 'tokenizer.json': { model: { type: 'X' } } },
    });
    expect(countTokens).toBeUndefined();
    expect(notes.join()).toMatch(/cannot be read here/);
  });

  it('knows the length of vectors', async () => {
    const facts = await ask({ step: EMBED, model: EMBEDDING_MODEL });
    expect(facts).toMatchObject({ dimensions: 128, contextTokens: 256 });
  });

  it('runs half precision of the old kind as the new one on a CPU, and as it is on a GPU', async () => {
    const config = { ...(CHAT_MODEL['config.json'] as object), dtype: 'float16' };
    const model = { ...CHAT_MODEL, 'config.json': config };
    const onGpu = { ...NOTHING, gpus: ['L4'], vllms: [{ ...CPU, device: 'cuda' as const }] };
    expect((await ask({ model })).engine).toEqual({ kind: 'vllm', args: { dtype: 'bfloat16' } });
    expect(await ask({ model, found: onGpu })).toMatchObject({
      engine: { kind: 'vllm', args: { dtype: 'float16' } },
      machine: 'L4',
    });
  });

  it('knows nothing of the model of an endpoint', async () => {
    const found = { ...NOTHING, endpoints: [{ name: 'vendor' }] };
    expect(await ask({ found, step: { ...CHAT, engine: 'vendor', model: 'gpt' } })).toEqual({
      engine: { kind: 'endpoint', name: 'vendor' },
      model: { name: 'gpt' },
      because: 'the endpoint that the spec names',
      notes: [],
      machine: 'vendor',
    });
  });

  it('rejects a step without an engine, by the command that sets one up', async () => {
    const failed = ask({ found: NOTHING });
    await expect(failed).rejects.toThrow(EngineMissingError);
    await expect(failed).rejects.toThrow(/npm run setup:vllm/);
  });

  it('rejects a task that the model cannot do, at its place in the spec', async () => {
    const failed = ask({ step: EMBED });
    await expect(failed).rejects.toThrow(SpecError);
    await expect(failed).rejects.toThrow(/steps\[3\]\.infer\.model: the task embed needs/);
  });

  it('rejects a model that is not here: which revision a worker would fetch nobody could say', async () => {
    const step = { ...CHAT, model: 'owner/name' };
    await expect(ask({ step })).rejects.toThrow(ModelError);
    await expect(ask({ step })).rejects.toThrow(/hf download owner\/name/);
    const adapters = [{ name: 'fine', model: 'owner/adapter' }];
    await expect(ask({ adapters, step: { ...CHAT, lora: 'fine' } })).rejects.toThrow(
      /hf download owner\/adapter/,
    );
  });

  it('finds the adapter that a step names, and rejects a folder that is none', async () => {
    const adapters = [
      { name: 'plain', model: './m' },
      { name: 'fine', model: './m' },
    ];
    const step = { ...CHAT, lora: 'fine' };
    const files = { 'adapter_config.json': { r: 8 }, 'adapter_model.safetensors': 'weights' };
    const { adapter } = await ask({ adapters, step, model: { ...CHAT_MODEL, ...files } });
    expect(adapter?.revision).toMatch(/^files-[0-9a-f]+$/);
    const trained = { ...CHAT_MODEL, ...files, 'adapter_model.safetensors': 'weightz' };
    expect((await ask({ adapters, step, model: trained })).adapter?.revision).not.toBe(adapter?.revision);
    expect(adapter).toMatchObject({ name: 'fine', number: 2, place: expect.stringMatching(/\/m$/) });
    await expect(ask({ adapters, step })).rejects.toThrow(ModelError);
    await expect(ask({ adapters, step })).rejects.toThrow(/is no LoRA adapter/);
  });
});
