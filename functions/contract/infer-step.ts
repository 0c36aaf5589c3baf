import * as z from 'zod';
import { SPEC_LIMITS } from './spec-limits.ts';
import { ColumnName } from './spec-values.ts';

const template = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .min(1)
    .max(SPEC_LIMITS.promptLength);
const number = () => z.number({ error: 'expected a number' });
const count = (what: string) => z.int({ error: `expected a whole number of ${what}` });

export const INFER_TASKS = ['chat', 'generate', 'embed', 'score'] as const;

export const Sampling = z
  .strictObject(
    {
      temperature: number().min(0).max(100).optional().describe('0 is greedy.'),
      top_p: number()
        .gt(0)
        .max(1)
        .optional()
        .describe('The smallest set of tokens with this probability is kept.'),
      top_k: count('tokens').min(-1).optional().describe('-1 or 0 for all tokens.'),
      min_p: number()
        .min(0)
        .max(1)
        .optional()
        .describe('Tokens below this share of the most probable one are left out.'),
      max_tokens: count('tokens').min(1).optional().describe('The longest answer, in tokens.'),
      min_tokens: count('tokens').min(0).optional().describe('The shortest answer, in tokens.'),
      presence_penalty: number()
        .min(-2)
        .max(2)
        .optional()
        .describe('Above 0: tokens that occurred are less probable.'),
      frequency_penalty: number()
        .min(-2)
        .max(2)
        .optional()
        .describe('Above 0: tokens are less probable the more often they occurred.'),
      repetition_penalty: number()
        .gt(0)
        .max(2)
        .optional()
        .describe('Above 1: tokens of the prompt and the answer are less probable.'),
      stop: z
        .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(64)], {
          error: 'expected text, or a list of texts',
        })
        .optional()
        .describe('Text at which an answer ends.'),
      ignore_eos: z
        .boolean({ error: 'expected true or false' })
        .optional()
        .describe('Whether the answer goes on past its end, up to `max_tokens`.'),
    },
    { error: 'expected a mapping of sampling parameters' },
  )
  .meta({ id: 'Sampling', description: "Sampling parameters, under vLLM's own names." });
export type Sampling = z.infer<typeof Sampling>;

const InferFields = z.strictObject(
  {
    task: z.enum(INFER_TASKS).default('chat').describe('What the model does with a row.'),
    engine: z
      .string({ error: 'expected auto, vllm or the name of an endpoint' })
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'expected auto, vllm or the name of an endpoint' })
      .default('auto')
      .describe('`auto`, `vllm`, or the name of an endpoint that speaks the OpenAI API.'),
    model: z
      .string({ error: 'expected the name of a model' })
      .min(1)
      .max(SPEC_LIMITS.uriLength)
      .describe('A name on the hub, an `s3://` prefix or a local folder.'),
    system: template('text').optional().describe('The system text of a chat.'),
    prompt: template('a template').optional().describe('A Liquid template over the columns.'),
    messages: ColumnName.optional().describe(
      'A column that holds the messages of a chat, instead of `prompt`.',
    ),
    examples: z
      .array(
        z.strictObject(
          {
            user: template('text').describe('What the user says.'),
            assistant: template('text').describe('What the model answers.'),
          },
          { error: 'expected an example with user and assistant' },
        ),
        {
          error: 'expected a list of examples',
        },
      )
      .min(1)
      .max(1_000)
      .optional()
      .describe('Turns that come before the prompt of a chat.'),
    query: template('a template').optional().describe('For `score`: a Liquid template over the columns.'),
    document: template('a template').optional().describe('For `score`: a Liquid template over the columns.'),
    sampling: Sampling.optional(),
    output: ColumnName.describe(
      'The column for the answer; `{output}_info` gets the finish reason and the token counts.',
    ),
    schema: z
      .record(z.string(), z.unknown(), { error: 'expected a JSON Schema' })
      .optional()
      .describe(
        'A JSON Schema that every answer obeys; the output gets its type from it: a struct of an object.',
      ),
    choice: z
      .array(z.string({ error: 'expected text' }).min(1), { error: 'expected a list of answers' })
      .min(1)
      .max(10_000)
      .optional()
      .describe('The only answers allowed.'),
    regex: z
      .string({ error: 'expected a regular expression' })
      .min(1)
      .max(SPEC_LIMITS.expressionLength)
      .optional()
      .describe('A regular expression that every answer matches.'),
    lora: z
      .string({ error: 'expected the name of an adapter' })
      .min(1)
      .max(255)
      .optional()
      .describe('An adapter from the list `lora` of the spec.'),
    seed: z
      .int({ error: 'expected a whole number' })
      .min(0)
      .optional()
      .describe('The seed from which each row gets its own. Default: the seed of the job.'),
    truncate: z
      .enum(['left', 'right'])
      .optional()
      .describe(
        'The side on which a prompt longer than the context is cut. Default: such a row is a reject.',
      ),
  },
  { error: 'expected a mapping with model and output' },
);

type Fields = z.infer<typeof InferFields>;
type Field = keyof Fields;

const TEXT_TASKS = ['chat', 'generate'] as const;

/** The tasks that each optional field belongs to. */
const TASKS_OF_FIELD = {
  system: ['chat'],
  messages: ['chat'],
  examples: ['chat'],
  prompt: ['chat', 'generate', 'embed'],
  query: ['score'],
  document: ['score'],
  sampling: TEXT_TASKS,
  schema: TEXT_TASKS,
  choice: TEXT_TASKS,
  regex: TEXT_TASKS,
  seed: TEXT_TASKS,
} as const satisfies Partial<Record<Field, readonly Fields['task'][]>>;

const findProblems = (step: Fields, refuse: (field: Field | undefined, message: string) => void): void => {
  for (const [field, tasks] of Object.entries(TASKS_OF_FIELD) as [Field, readonly string[]][]) {
    if (step[field] === undefined || tasks.includes(step.task)) continue;
    refuse(field, `\`${field}\` belongs to the task ${tasks.join(' or ')}, and this task is ${step.task}`);
  }
  if (step.task === 'score') {
    for (const field of ['query', 'document'] as const)
      if (step[field] === undefined)
        refuse(undefined, `score needs \`query\` and \`document\`; \`${field}\` is missing`);
  } else if (step.task === 'chat') {
    if (step.prompt === undefined && step.messages === undefined)
      refuse(undefined, 'chat needs `prompt`, or `messages`');
    if (step.prompt !== undefined && step.messages !== undefined)
      refuse('messages', 'give `prompt` or `messages`, not both');
  } else if (step.prompt === undefined) refuse(undefined, `${step.task} needs \`prompt\``);
  if (step.messages !== undefined)
    for (const field of ['system', 'examples'] as const)
      if (step[field] !== undefined)
        refuse(field, `\`messages\` holds the whole chat; leave \`${field}\` out`);
  const shapes = (['schema', 'choice', 'regex'] as const).filter((field) => step[field] !== undefined);
  for (const field of shapes.slice(1))
    refuse(field, `an answer has one shape; give \`${shapes[0]}\` or \`${field}\``);
};

export const InferStep = InferFields.superRefine((step, context) => {
  findProblems(step, (field, message) =>
    context.addIssue({ code: 'custom', path: field === undefined ? [] : [field], message }),
  );
}).meta({ id: 'InferStep', description: 'Sends each row through a model.' });
export type InferStep = z.infer<typeof InferStep>;
