/**
 * Endpoints that speak the OpenAI API, by name. A spec, a plan and a commit carry the name alone: where it leads, and
 * with which key, stands in the environment or in a file of whoever runs the job.
 */
import * as z from 'zod';
import { SPEC_LIMITS } from './spec-limits.ts';
import { Duration } from './spec-values.ts';

/**
 * What answers there. They share an API and differ in what of it they have: core/endpoints/wires has the table.
 * `openai`: OpenAI, and whoever follows it closely.
 */
export const ENDPOINT_KINDS = ['openai', 'vllm', 'ollama', 'llamacpp'] as const;
export type EndpointKind = (typeof ENDPOINT_KINDS)[number];

/** As `engine` of a step names it; `auto` and `vllm` mean something else there. */
export const ENDPOINT_NAME = /^(?!(?:auto|vllm)$)[a-z0-9][a-z0-9-]{0,62}$/;

/** Found from the folder of the spec upwards. */
export const ENDPOINTS_FILE = 'daybreak.endpoints.yaml';

/** Names the file itself, which is then not searched for. */
export const ENDPOINTS_FILE_VARIABLE = 'DAYBREAK_ENDPOINTS_FILE';

/** `{prefix}{NAME}_{FIELD}`: the name in capitals with `_` for `-`, the field as in the file, in capitals. */
export const ENDPOINT_VARIABLES = 'DAYBREAK_ENDPOINT_';

export const ENDPOINT_LIMITS = {
  /** A file of settings. */
  fileBytes: 262_144,
  /** A file with a key. */
  keyBytes: 16_384,
  /** Requests open at once, whatever is asked for: each takes a socket and its row. */
  concurrency: 1_024,
  /** One request. */
  timeoutSeconds: 300,
  /** Of what a field may ask to wait for; beyond 24 days timers of Node end at once. */
  longestSeconds: 86_400,
  /** Tries of a row that fails while others are answered. */
  attempts: 5,
  /** Without any answer, although asked again and again: then the job ends. */
  giveUpSeconds: 600,
  /** The last rows of all, where each fails and others were answered before. */
  lastRowsSeconds: 60,
  /** A reply: 128,000 tokens of text are about half a megabyte, an embedding of 16,384 numbers about 400 kB. */
  replyBytes: 33_554_432,
} as const;

const price = () => z.number({ error: 'expected USD' }).min(0).max(1_000_000).optional();

/** The fields of one endpoint, in the file and, in capitals, in the environment. */
export const EndpointFields = z
  .strictObject(
    {
      url: z
        .string({ error: 'expected an address' })
        .min(1)
        .max(SPEC_LIMITS.uriLength)
        .describe('The base of the API, with the `/v1` that most servers have.'),
      kind: z.enum(ENDPOINT_KINDS).default('openai').describe('What answers there.'),
      key_env: z
        .string({ error: 'expected the name of a variable' })
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,254}$/, { error: 'expected the name of a variable' })
        .optional()
        .describe(
          'The environment variable with the key. Default: `DAYBREAK_ENDPOINT_{NAME}_KEY`, where it is set.',
        ),
      key_file: z
        .string({ error: 'expected a path' })
        .min(1)
        .max(SPEC_LIMITS.uriLength)
        .optional()
        .describe('A file that holds the key and nothing else; relative to the file that names it.'),
      models: z
        .array(z.string({ error: 'expected the name of a model' }).min(1).max(SPEC_LIMITS.uriLength), {
          error: 'expected a list of models',
        })
        .min(1)
        .max(1_000)
        .optional()
        .describe('The models that a step may name. Default: any.'),
      concurrency: z
        .int({ error: 'expected a whole number of requests' })
        .min(1)
        .max(ENDPOINT_LIMITS.concurrency)
        .optional()
        .describe('The most requests open at once. Default: by kind.'),
      price_in: price().describe('USD per million prompt tokens.'),
      price_out: price().describe('USD per million output tokens.'),
      timeout: Duration.optional().describe(
        'The longest that one request may take, at most 1d. Default: 5m.',
      ),
      attempts: z
        .int({ error: 'expected a whole number' })
        .min(1)
        .max(100)
        .optional()
        .describe('Tries of a row that fails while other rows are answered. Default: 5.'),
      give_up_after: Duration.optional().describe(
        'How long nothing at all may be answered before the job ends, at most 1d. Default: 10m.',
      ),
      seed: z
        .boolean({ error: 'expected true or false' })
        .default(true)
        .describe(
          'Whether requests carry the seed of their row; some servers refuse a field that they do not know.',
        ),
      max_tokens_field: z
        .enum(['max_tokens', 'max_completion_tokens'])
        .optional()
        .describe(
          'The name of this limit in a chat. Default: `max_completion_tokens` at api.openai.com, else `max_tokens`.',
        ),
      allow_private: z
        .boolean({ error: 'expected true or false' })
        .default(false)
        .describe('Whether the address may lie in a private network, and be plain http there.'),
    },
    { error: 'expected a mapping with url' },
  )
  .meta({ id: 'EndpointFields' });
export type EndpointFields = z.infer<typeof EndpointFields>;

/** What {@link ENDPOINTS_FILE} holds. */
export const EndpointsFile = z
  .strictObject(
    {
      endpoints: z.record(
        z.string().regex(ENDPOINT_NAME, {
          error: 'expected a name of small letters, digits and -, other than auto and vllm',
        }),
        z.unknown(),
        { error: 'expected a mapping of name to endpoint' },
      ),
    },
    { error: 'expected a mapping with endpoints' },
  )
  .meta({ id: 'EndpointsFile' });
export type EndpointsFile = z.infer<typeof EndpointsFile>;

/** USD per million tokens. */
export type EndpointPrice = { readonly inUsd: number; readonly outUsd: number };
