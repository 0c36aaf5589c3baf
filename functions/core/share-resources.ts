/** Totals of memory and threads, as a command or a process gets them. */
type Totals = { readonly threads: number; readonly memoryBytes: number };

export type SharedResources = {
  /** Processes that run tasks at the same time. */
  readonly workers: number;
  /** What the engine of each may use. */
  readonly each: Totals;
  /** Private memory beyond which a worker is ended. */
  readonly limitBytes: number;
};

/**
 * What a worker holds beside the engine: Node, our code and the library's own tables. Measured on Node 24 with
 * DuckDB 1.5.5: 17 MB private after the start, 41 MB after a query, and room for the bridge's buffers.
 */
export const PROCESS_OVERHEAD_BYTES = 64e6;

/** Below this a group_by of the engine spills all the time, or fails: rather fewer workers. */
export const LEAST_ENGINE_BYTES = 128e6;

/** The engine's limit is no wall: buffers of readers and writers are outside of it. Beyond this it is a leak. */
export const LIMIT_FACTOR = 1.25;
/** For the heap of a user's module beside a small share. */
export const LIMIT_EXTRA_BYTES = 256e6;

/**
 * Divides totals among the workers of a stage. As many workers as threads or tasks, whichever is less, and never so
 * many that an engine gets less than {@link LEAST_ENGINE_BYTES}. Each gets its part of the threads, at least one,
 * and its part of the memory less {@link PROCESS_OVERHEAD_BYTES}, but never less than half of that part.
 */
export const shareResources = (wanted: {
  readonly total: Totals;
  readonly tasks: number;
  /** Default: as many as threads. */
  readonly maxWorkers?: number;
}): SharedResources => {
  const { threads, memoryBytes } = wanted.total;
  const affordable = Math.floor(memoryBytes / (PROCESS_OVERHEAD_BYTES + LEAST_ENGINE_BYTES));
  const workers = Math.max(1, Math.min(threads, wanted.maxWorkers ?? threads, wanted.tasks, affordable));
  const partBytes = memoryBytes / workers;
  return {
    workers,
    each: {
      threads: Math.max(1, Math.floor(threads / workers)),
      memoryBytes: Math.floor(Math.max(partBytes - PROCESS_OVERHEAD_BYTES, partBytes / 2)),
    },
    limitBytes: Math.floor(partBytes * LIMIT_FACTOR + LIMIT_EXTRA_BYTES),
  };
};
