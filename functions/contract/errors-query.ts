import { DaybreakError } from './errors.ts';

/** Where a query failed: the stage and task, for example `map 3`, and what the engine said. */
export type QueryFacts = {
  readonly task: string;
  /** The engine's sentence without values of cells. */
  readonly message: string;
};

/** The engine cannot compute a value: a cast, an overflow, a malformed text in a function. */
export class QueryError extends DaybreakError {
  override readonly name = 'QueryError';

  constructor({ task, message }: QueryFacts, options?: ErrorOptions) {
    super(`${task}: ${message}; found in the values that an expression got`, options);
  }
}

/** The task needs more memory than it has, also after spilling. */
export class TaskMemoryError extends DaybreakError {
  override readonly name = 'TaskMemoryError';

  constructor(
    { task, memoryBytes, message }: QueryFacts & { readonly memoryBytes: number },
    options?: ErrorOptions,
  ) {
    const megabytes = Math.ceil(memoryBytes / 1e6);
    super(`${task}: needs more than the ${megabytes} MB of memory it has: ${message}`, options);
  }
}

/** The task's scratch folder is full, or the device below it. */
export class TaskDiskError extends DaybreakError {
  override readonly name = 'TaskDiskError';

  constructor(
    { task, scratchDir, message }: QueryFacts & { readonly scratchDir: string },
    options?: ErrorOptions,
  ) {
    super(
      `${task}: no space is left for spilling or writing (scratch folder ${scratchDir}): ${message}`,
      options,
    );
  }
}
