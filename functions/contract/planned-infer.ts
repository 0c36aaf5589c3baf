/**
 * The step `infer` as it crosses from the plan to whoever runs it: a worker with vLLM, or a caller of an endpoint.
 * Prompts are rendered in the stage before; answers get their types in the stage behind. In between rows are what
 * they were, with a request each, then with an answer each.
 */
import * as z from 'zod';
import { PlannedColumn } from './columns.ts';
import { INFER_TASKS, Sampling } from './infer-step.ts';

/**
 * Columns that the stage before adds for the engine. They go with it: behind it the columns of `INFER_ANSWER_COLUMNS`
 * stand in their place, at the end, after all that the row had.
 */
export const INFER_REQUEST_COLUMNS = [
  { name: 'daybreak_request', type: 'VARCHAR' },
  { name: 'daybreak_seed', type: 'BIGINT' },
  /** Number of the row among those that entered the step in its task of that stage, from 0: by it a reject is found. */
  { name: 'daybreak_row', type: 'BIGINT' },
] as const;

/** `daybreak_answer` is VARCHAR, FLOAT[n] or DOUBLE, as the answer's kind has it. */
export const INFER_ANSWER_COLUMN = 'daybreak_answer';
export const INFER_INFO_COLUMNS = [
  { name: 'daybreak_finish_reason', type: 'VARCHAR' },
  { name: 'daybreak_prompt_tokens', type: 'INTEGER' },
  { name: 'daybreak_output_tokens', type: 'INTEGER' },
] as const;

export const ChatMessage = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
});
export type ChatMessage = z.infer<typeof ChatMessage>;

/** The JSON text in `daybreak_request`: what the templates of the step gave for one row. */
export const InferRequest = z
  .union([
    z.strictObject({ messages: z.array(ChatMessage).min(1) }),
    z.strictObject({ prompt: z.string().min(1) }),
    z.strictObject({ query: z.string().min(1), document: z.string().min(1) }),
  ])
  .meta({ id: 'InferRequest' });
export type InferRequest = z.infer<typeof InferRequest>;

/** Why a row that entered the step is a reject. */
export const INFER_REJECT_CAUSES = [
  /** The template failed on the row, or the column of messages holds none. */
  'template',
  /** The prompt is empty, or white space. */
  'empty_prompt',
  /** Prompt and `max_tokens` exceed the context, and nothing says on which side to cut. */
  'prompt_too_long',
  /** The engine or endpoint refuses the request as it is. */
  'invalid_request',
  /** The endpoint's own filter refused the request or the answer. */
  'content_filter',
  /** The answer does not have the shape that was asked for; cut off by `max_tokens`, for example. */
  'answer_shape',
  /** Twice the engine died with the row in it, the second time with the row alone. */
  'engine_crash',
  /** No answer in the time that a row has. */
  'row_timeout',
  /** The endpoint kept failing on this row while it answered others. */
  'endpoint_error',
] as const;
export type InferRejectCause = (typeof INFER_REJECT_CAUSES)[number];

/** What another attempt cannot mend: the row, its request or the template is at fault. */
export const ROW_REJECT_CAUSES = [
  'template',
  'empty_prompt',
  'prompt_too_long',
  'invalid_request',
  'content_filter',
] as const satisfies readonly InferRejectCause[];

export const INFER_LIMITS = {
  /** Rows of a piece: a task takes whole pieces, and what dies with a worker is its open tasks. */
  pieceRows: 64,
  /** What a task is to take, so that its commit is also its checkpoint. */
  taskSeconds: 60,
  /** Where the spec says nothing. */
  maxTokens: 512,
  /** Characters of all texts of a request. */
  requestCharacters: 10_000_000,
  /** Tasks that a worker has open at once. */
  openTasks: 2,
  /** Characters of a reject's message; of its `raw`, and of its `answer`. */
  messageCharacters: 500,
  rawCharacters: 1_000,
  /** A seed of a row is below it: every engine takes such a number. */
  seeds: 2 ** 31,
} as const;

/** The shape that every answer has. */
export const InferAnswer = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('text') }),
    z.strictObject({
      kind: z.literal('json'),
      schema: z.record(z.string(), z.unknown()).describe('JSON Schema that every answer obeys'),
    }),
    z.strictObject({ kind: z.literal('choice'), choice: z.array(z.string()).min(1) }),
    z.strictObject({ kind: z.literal('regex'), regex: z.string() }),
    z.strictObject({ kind: z.literal('embedding'), dimensions: z.int().min(1) }),
    z.strictObject({ kind: z.literal('score') }),
  ])
  .meta({ id: 'InferAnswer' });
export type InferAnswer = z.infer<typeof InferAnswer>;

export const PlannedEngine = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('vllm'),
      /** vLLM's own names: `max_model_len`, `dtype`, `max_num_seqs`, ... What is absent the worker decides. */
      args: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
    /** URL and key stay with whoever runs it: see io/endpoints. */
    z.strictObject({ kind: z.literal('endpoint'), name: z.string() }),
  ])
  .meta({ id: 'PlannedEngine' });
export type PlannedEngine = z.infer<typeof PlannedEngine>;

const Revision = z
  .string()
  .describe(
    'of a model of the hub: the commit that was resolved; of other files: `files-`, then a hash of what is in them',
  );

export const PlannedModel = z.strictObject({
  name: z.string().describe('as the spec names it'),
  place: z
    .string()
    .optional()
    .describe('of vllm: a folder of this machine, an `s3://` prefix or the name on the hub'),
  revision: Revision.optional(),
  contextTokens: z.int().min(1).optional().describe('what prompt and answer may have together'),
});
export type PlannedModel = z.infer<typeof PlannedModel>;

export const PlannedAdapter = z.strictObject({
  name: z.string(),
  number: z.int().min(1).describe('its position in the list of the spec, from 1'),
  place: z.string(),
  revision: Revision.optional(),
});
export type PlannedAdapter = z.infer<typeof PlannedAdapter>;

/** Templates and texts, as the stage before renders them. */
export const InferPrompts = z.strictObject({
  system: z.string().optional(),
  prompt: z.string().optional(),
  messages: z.string().optional().describe('the column'),
  examples: z.array(z.strictObject({ user: z.string(), assistant: z.string() })).optional(),
  query: z.string().optional(),
  document: z.string().optional(),
});

export const PlannedInferStep = z
  .strictObject({
    kind: z.literal('infer'),
    step: z.int().min(0).describe('position in the spec, from 0'),
    columns: z.array(PlannedColumn).describe('those of `input`, then `output` and `{output}_info`'),
    input: z.array(PlannedColumn).describe('the columns before the step, all of which it keeps'),
    uses: z.array(z.string()).describe('the columns that the templates name'),
    task: z.enum(INFER_TASKS),
    engine: PlannedEngine,
    model: PlannedModel,
    prompts: InferPrompts,
    sampling: Sampling.required({ max_tokens: true }).optional().describe('of chat and generate'),
    answer: InferAnswer,
    adapter: PlannedAdapter.optional(),
    truncate: z.enum(['left', 'right']).optional(),
    seed: z.int().min(0).describe('from which each row gets its own'),
    output: PlannedColumn.describe('the column of the answer, with its type'),
  })
  .meta({ id: 'PlannedInferStep' });
export type PlannedInferStep = z.infer<typeof PlannedInferStep>;

/** What the plan expects of a stage that runs a model, and from what. */
export const InferEstimate = z
  .strictObject({
    promptTokensPerCharacter: z.number().min(0),
    outputTokensPerRow: z.number().min(0),
    tokensPerSecond: z
      .number()
      .positive()
      .optional()
      .describe('prompt and output together; absent where nobody knows: a pilot measures it'),
    startSeconds: z
      .number()
      .min(0)
      .optional()
      .describe('until the engine takes rows; absent where nobody knows, or an endpoint is asked'),
    promptBasis: z
      .enum(['counted', 'history', 'assumed'])
      .optional()
      .describe('where promptTokensPerCharacter comes from'),
    basis: z.enum(['history', 'assumed']),
    because: z.string(),
  })
  .meta({ id: 'InferEstimate' });
export type InferEstimate = z.infer<typeof InferEstimate>;

/** What a task of such a stage measured: for reports, history, and for the cut behind a pilot. */
export const InferFigures = z
  .strictObject({
    rows: z
      .int()
      .min(0)
      .describe('that the model answered, those whose answer was refused for its shape too'),
    promptTokens: z.int().min(0),
    cachedTokens: z.int().min(0).optional().describe('of the prompts: what the engine had already'),
    outputTokens: z.int().min(0),
    costUsd: z
      .number()
      .min(0)
      .optional()
      .describe('of an endpoint whose prices were known: what these tokens cost'),
    characters: z
      .int()
      .min(0)
      .optional()
      .describe(
        'of the requests of these rows, as commits weigh them; absent in commits of earlier versions',
      ),
    seconds: z.number().min(0).describe('from the first row in the engine to the last answer'),
    startSeconds: z
      .number()
      .min(0)
      .optional()
      .describe('that its engine took to start, before any of these seconds; absent for an endpoint'),
    engine: z.string().describe('for people: vllm 0.32.0 cpu, or the name of the endpoint'),
    machine: z.string().describe('what its speed is compared by: the GPU, or the CPU and its threads'),
  })
  .meta({ id: 'InferFigures' });
export type InferFigures = z.infer<typeof InferFigures>;

/** The same of all tasks of a stage together, for a report. */
export const InferTotals = InferFigures.omit({ seconds: true, machine: true, characters: true }).meta({
  id: 'InferTotals',
});
export type InferTotals = z.infer<typeof InferTotals>;
