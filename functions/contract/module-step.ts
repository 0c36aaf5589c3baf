import * as z from 'zod';
import { PlannedColumn } from './columns.ts';
import { Sha256 } from './ids.ts';

/** Limits of user modules, and what a step does where the spec says nothing. */
export const MODULE_LIMITS = {
  /** A bundle is held in memory by every worker, several times. */
  bundleBytes: 67_108_864,
  /** `init` may load a model; it never settles in nobody's interest. */
  initSeconds: 600,
  /** What one call may take where the spec gives no `timeout`. */
  callSeconds: 300,
  /** Rows of a batch where the spec gives no `batch_rows`: a chunk of the engine. */
  batchRows: 2_048,
  /** The same, by a rough sum of the sizes of the values: wider batches are shorter. */
  batchBytes: 67_108_864,
  /** Further calls by which the bad rows of a failed batch are looked for. */
  batchRetries: 256,
  /** Asynchronous calls of `map` and `flat_map` open at once in one worker where the spec says nothing. */
  concurrency: 16,
  /** The same of `map_batches` and `map_groups`, whose calls hold many rows. */
  wideConcurrency: 4,
  /** All rows of a group are JavaScript objects at once. */
  groupRows: 1_000_000,
  /** The same, by a rough sum of the sizes of the values. */
  groupBytes: 268_435_456,
  /** Rows that one call may return: a generator that never ends is stopped here. */
  returnedRows: 1_000_000,
  /** One text or blob. */
  valueBytes: 134_217_728,
  /** Elements of one list or map. */
  listElements: 10_000_000,
  /** Characters of a reject's message. */
  messageCharacters: 500,
  /** Characters kept of the input of a rejected row. */
  rawCharacters: 1_000,
} as const;

export const MODULE_STEP_KINDS = ['map', 'flat_map', 'map_batches', 'map_groups'] as const;

/** A step that calls a user's function, as tasks run it. */
export const ModuleStep = z
  .strictObject({
    kind: z.enum(MODULE_STEP_KINDS),
    step: z.int().min(0).describe('position in the spec, from 0'),
    columns: z.array(PlannedColumn).min(1).describe('what the function returns: they replace all columns'),
    input: z.array(PlannedColumn).min(1).describe('what the function gets, in order'),
    keys: z.array(PlannedColumn).describe('of map_groups; empty makes all rows one group'),
    module: z.strictObject({
      sha256: Sha256.describe('of the stored bundle'),
      export: z.string().min(1),
      path: z.string().describe('as the spec names it; for messages'),
      options: z.record(z.string(), z.unknown()).describe('given to init'),
    }),
    batchRows: z.int().min(1),
    concurrency: z.int().min(1),
    timeoutSeconds: z.number().positive(),
  })
  .meta({ id: 'ModuleStep' });
export type ModuleStep = z.infer<typeof ModuleStep>;

/** Why a row was rejected by a module step. */
export const MODULE_REJECT_CAUSES = ['module_error', 'module_output', 'module_timeout'] as const;
export type ModuleRejectCause = (typeof MODULE_REJECT_CAUSES)[number];

/** A row that a step could not process outside of SQL. Values stand in `message`, `raw` and `answer` only. */
export type StepReject<Cause extends string = string> = {
  /** Position of the step in the spec, from 0. */
  readonly step: number;
  /** Number of the row among those that entered the step in this task, from 0. */
  readonly row: number;
  readonly cause: Cause;
  /** Of module_output: the column that does not fit, where it is one. */
  readonly column?: string;
  /** The name of the error that the function threw. */
  readonly error?: string;
  /** Where it threw, in the author's source: `file.ts:12:7`. */
  readonly place?: string;
  /** Of module_output and module_timeout: the message without a word of the author's, so without a value. */
  readonly detail?: string;
  /** At most {@link MODULE_LIMITS.messageCharacters}. */
  readonly message: string;
  /** The row that the function got, as JSON; at most {@link MODULE_LIMITS.rawCharacters}. */
  readonly raw: string;
  /** Of a model that did not say what was asked for: its words, at most as many characters as of `raw`. */
  readonly answer?: string;
};

/** A row that a module step could not process. */
export type ModuleReject = StepReject<ModuleRejectCause>;

/** Columns of a table of rejects of modules and models, with DuckDB's types. */
export const MODULE_REJECT_COLUMNS = [
  { name: 'step', type: 'INTEGER' },
  { name: 'row', type: 'BIGINT' },
  { name: 'column', type: 'VARCHAR' },
  { name: 'cause', type: 'VARCHAR' },
  { name: 'error', type: 'VARCHAR' },
  { name: 'place', type: 'VARCHAR' },
  { name: 'message', type: 'VARCHAR' },
  { name: 'raw', type: 'VARCHAR' },
  { name: 'answer', type: 'VARCHAR' },
] as const;
