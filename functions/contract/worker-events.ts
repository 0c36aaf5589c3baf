/**
 * What the worker of gpu-image/ says on its standard output, a line of JSON each; whatever else it prints goes to
 * standard error. Nothing in it decides anything: only commits do.
 */
import * as z from 'zod';
import { TaskId } from './ids.ts';
import { Failure } from './outcome.ts';
import { INFER_REJECT_CAUSES } from './planned-infer.ts';

const Rows = z.int().min(0);
const Tokens = z.int().min(0);
const Seconds = z.number().min(0);
const at = z.iso.datetime();

export const WorkerEvent = z
  .discriminatedUnion('event', [
    /** There is work; the model is about to be loaded. `tasks`: those without a commit that nobody has to wait for. */
    z.strictObject({
      event: z.literal('starting'),
      at,
      model: z.string(),
      tasks: z.int().min(0),
      waiting: z.int().min(0).describe('tasks that only an amendment makes ready'),
    }),
    /** The engine takes rows. Again behind each death. */
    z.strictObject({
      event: z.literal('ready'),
      at,
      engine: z.string().describe('vllm 0.32.0 cpu'),
      machine: z.string(),
      contextTokens: z.int().min(0).describe('what the engine has room for; 0 where it does not say'),
      rowsInFlight: z.int().min(1).describe('most rows that are in the engine at once'),
      startSeconds: Seconds,
      parts: z.record(z.string(), Seconds).describe('what the start is made of'),
    }),
    /** Every few seconds while rows are in the engine. Counts are of this process. */
    z.strictObject({
      event: z.literal('progress'),
      at,
      answered: Rows,
      rejected: Rows,
      inFlight: Rows,
      running: Rows.optional().describe('of those in flight: what the engine itself says that it works on'),
      promptTokens: Tokens,
      outputTokens: Tokens,
      open: z.array(TaskId),
      committed: z.int().min(0),
    }),
    z.strictObject({
      event: z.literal('committed'),
      at,
      task: TaskId,
      isMine: z.boolean().describe("false where another attempt's answer was chosen"),
      rows: Rows,
      rejected: Rows,
      sizeBytes: z.int().min(0),
      promptTokens: Tokens,
      outputTokens: Tokens,
      seconds: Seconds,
    }),
    /** Before the `committed` of a task with rejects. Never has a value of a cell in it. */
    z.strictObject({
      event: z.literal('rejected'),
      at,
      task: TaskId,
      causes: z.partialRecord(z.enum(INFER_REJECT_CAUSES), Rows),
      first: z.strictObject({
        row: Rows.describe('number of the row among those that entered the step in their task'),
        cause: z.enum(INFER_REJECT_CAUSES),
      }),
    }),
    z.strictObject({
      event: z.literal('engine-died'),
      at,
      how: z.string().describe('goes on from "the engine": was ended by SIGKILL'),
      rows: Rows.describe('that were in it; they go into the next one'),
      deaths: z.int().min(1).describe('in this process'),
    }),
    /** A task was left to another worker, or an amendment made it void. */
    z.strictObject({ event: z.literal('dropped'), at, task: TaskId, because: z.string() }),
    z.strictObject({
      event: z.literal('done'),
      at,
      committed: z.int().min(0).describe('by this process'),
      waiting: z.int().min(0).describe('tasks that still wait for an amendment'),
    }),
    z.strictObject({ event: z.literal('failed'), at, failure: Failure, exitCode: z.int() }),
  ])
  .meta({ id: 'WorkerEvent' });
export type WorkerEvent = z.infer<typeof WorkerEvent>;
