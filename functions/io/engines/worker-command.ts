import { cpus } from 'node:os';
import path from 'node:path';
import { ENGINE_VARIABLES } from '../../contract/environment.ts';
import type { FoundVllm } from '../../core/choose-engine.ts';
import type { WorkerCommand } from '../models/engine-facts.ts';

const GIB = 2 ** 30;

/** Measured: what the process of an engine holds on a CPU beside weights and cache. */
const ENGINE_BYTES = 2.5 * GIB;
/**
 * Of a cache of keys and values for a CPU: more than this only keeps what nobody asks for again. Less will not do for
 * small models of long contexts, of which vLLM wants room for one whole context.
 */
const MOST_CACHE_GIB = 16;

/** GiB for keys and values on a CPU: what is left of the memory, and at least one. */
export const cacheGib = (memoryBytes: number, weightBytes: number): number => {
  const left = Math.floor((memoryBytes - ENGINE_BYTES - weightBytes) / GIB);
  return Math.max(1, Math.min(MOST_CACHE_GIB, left));
};

/** What speeds are compared by: the GPU, or the processor and the threads that it may use. */
export const machineName = (vllm: FoundVllm, gpus: readonly string[], threads: number): string => {
  const [gpu] = gpus;
  if (vllm.device === 'cuda' && gpu !== undefined) return gpu;
  return `${cpus()[0]?.model.trim() ?? process.arch}, ${threads} threads`;
};

/** On a CPU: one thread each of what vLLM would otherwise bind to cores that others use, too. */
const cpuVariables = (threads: number, cache: number): Readonly<Record<string, string>> => ({
  VLLM_CPU_KVCACHE_SPACE: String(cache),
  VLLM_CPU_OMP_THREADS_BIND: 'nobind',
  OMP_NUM_THREADS: String(threads),
});

/**
 * How the worker is started: with this package's own gpu-image/ before all that the environment has, without reports of
 * use to anybody, and without a look at the hub: what a plan names is here, or in S3.
 */
export const renderWorkerCommand = (options: {
  readonly vllm: FoundVllm;
  readonly gpus: readonly string[];
  /** The folder of this package. */
  readonly root: string;
  readonly weightBytes: number;
}): WorkerCommand => {
  const { vllm, gpus, root, weightBytes } = options;
  return {
    python: vllm.python,
    environment: ({ threads, memoryBytes }) => ({
      PYTHONPATH: path.join(root, 'gpu-image'),
      // Where it is set, each start compiles all of vLLM again.
      PYTHONDONTWRITEBYTECODE: '',
      VLLM_NO_USAGE_STATS: '1',
      DO_NOT_TRACK: '1',
      HF_HUB_OFFLINE: '1',
      TRANSFORMERS_OFFLINE: '1',
      ...(vllm.device === 'cpu' ? cpuVariables(threads, cacheGib(memoryBytes, weightBytes)) : {}),
      [ENGINE_VARIABLES.machine]: machineName(vllm, gpus, threads),
    }),
  };
};
