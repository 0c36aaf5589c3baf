import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineMissingError } from '../../../functions/contract/errors-infer.ts';
import type { FoundEngines } from '../../../functions/core/choose-engine.ts';
import { findWorker } from '../../../functions/io/engines/find-worker.ts';
import { cacheGib } from '../../../functions/io/engines/worker-command.ts';
import { CHAT_MODEL, writeModel } from '../models/model-folder.ts';
import { withFolder } from '../open-input.ts';

const NEVER = new AbortController().signal;
const CPU = { python: '/cpu/python', version: '0.32.0+cpu', device: 'cpu' } as const;
const SHARE = { threads: 1, memoryBytes: 8 * 2 ** 30 };

const find = (found: Partial<FoundEngines>, model: { readonly name: string; readonly place?: string }) =>
  findWorker(
    {
      root: '/the/package',
      modelsDir: '/none',
      environment: {},
      findEngines: async () => ({ gpus: [], vllms: [], endpoints: [], notes: [], ...found }),
      openRemote: () => Promise.reject(new Error('nobody asks')),
    },
    { model },
    NEVER,
  );

describe('findWorker', () => {
  it('starts a step that was planned before by the engine that is there now', () =>
    withFolder(async (root) => {
      const place = path.join(root, 'm');
      await writeModel(place, CHAT_MODEL);
      const worker = await find({ vllms: [CPU] }, { name: './m', place });
      expect(worker.python).toBe('/cpu/python');
      expect(worker.environment(SHARE)).toMatchObject({ HF_HUB_OFFLINE: '1', VLLM_CPU_KVCACHE_SPACE: '5' });
    }));

  it('keeps the worker off the hub, wherever the model is', async () => {
    const s3 = await find({ vllms: [CPU] }, { name: 's3://b/m', place: 's3://b/m' });
    expect(s3.environment(SHARE)).toMatchObject({ HF_HUB_OFFLINE: '1' });
  });

  it('leaves processors and cache of a GPU to vLLM', async () => {
    const worker = await find(
      { gpus: ['L4'], vllms: [{ ...CPU, device: 'cuda' }] },
      { name: 'm', place: '/m' },
    );
    const environment = worker.environment(SHARE);
    expect(environment).toMatchObject({ DAYBREAK_MACHINE: 'L4' });
    expect(environment).not.toHaveProperty('OMP_NUM_THREADS');
  });

  it('fails where vLLM is gone, also where an endpoint could be asked', async () => {
    const failed = find({ endpoints: [{ name: 'vendor' }] }, { name: 'm' });
    await expect(failed).rejects.toThrow(EngineMissingError);
  });
});

describe('cacheGib', () => {
  it('is what memory leaves, at least one and never more than helps', () => {
    const gib = 2 ** 30;
    expect(cacheGib(8 * gib, 0)).toBe(5);
    expect(cacheGib(8 * gib, 3 * gib)).toBe(2);
    expect(cacheGib(gib, 0)).toBe(1);
    expect(cacheGib(1_000 * gib, 0)).toBe(16);
  });
});
