import * as z from 'zod';
import { InputSpec } from './input.ts';
import { SPEC_LIMITS } from './spec-limits.ts';
import { Duration, Uri } from './spec-values.ts';
import { Step } from './steps.ts';

export const OUTPUT_FORMATS = ['parquet', 'jsonl', 'csv', 'arrow'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const JOB_NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
const A_JOB_NAME = 'expected a name of a-z, 0-9 and "-", at most 63 long, that begins with a letter or digit';

export const OutputSpec = z
  .strictObject(
    {
      uri: Uri.describe(
        'The folder for the result: a local path, relative to the current folder, or `s3://bucket/prefix`.',
      ),
      format: z.enum(OUTPUT_FORMATS).default('parquet').describe('The format of the result.'),
      mode: z
        .enum(['fail', 'overwrite'])
        .default('fail')
        .describe('What to do where the output exists: refuse, or replace it.'),
    },
    { error: 'expected a mapping with uri' },
  )
  .meta({ id: 'OutputSpec', description: 'Where the result goes.' });
export type OutputSpec = z.infer<typeof OutputSpec>;

const A_RATE = /^(100(\.0{1,6})?|\d{1,2}(\.\d{1,6})?)%$/;
const A_REJECT_LIMIT = 'expected a number of rows, or a rate such as 1%';
export const ErrorsSpec = z
  .strictObject(
    {
      max_rejects: z
        .union([z.int().min(0), z.string().regex(A_RATE, { error: A_REJECT_LIMIT })], {
          error: A_REJECT_LIMIT,
        })
        .default(0)
        .describe(
          'Rows that may be rejected: a count, or a rate of the rows read such as `1%`. 0: the job fails on the first.',
        ),
    },
    { error: 'expected a mapping with max_rejects' },
  )
  .meta({ id: 'ErrorsSpec', description: 'What happens to rows that cannot be processed.' });
export type ErrorsSpec = z.infer<typeof ErrorsSpec>;

const ADAPTER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;
export const LoraAdapter = z
  .strictObject(
    {
      name: z
        .string({ error: 'expected the name of an adapter' })
        .regex(ADAPTER_NAME, { error: 'expected a name of letters, digits, ".", "_" and "-"' })
        .describe('The name that steps use.'),
      model: z
        .string({ error: 'expected the name of a model' })
        .min(1)
        .max(SPEC_LIMITS.uriLength)
        .describe('A name on the hub, an `s3://` prefix or a local folder.'),
    },
    { error: 'expected an adapter with name and model' },
  )
  .meta({ id: 'LoraAdapter', description: 'A LoRA adapter.' });
export type LoraAdapter = z.infer<typeof LoraAdapter>;

const A_DEADLINE = 'expected a duration such as 6h or 1d 2h, or an instant such as 2026-11-23T06:00:00Z';
const A_BUDGET = 'expected an amount such as 20 USD';

const JobSpecFields = z.strictObject(
  {
    name: z
      .string({ error: A_JOB_NAME })
      .regex(JOB_NAME_PATTERN, { error: A_JOB_NAME })
      .describe('The name of the job; ids begin with it.'),
    input: InputSpec,
    steps: z
      .array(Step, { error: 'expected a list of steps, each after a "-"' })
      .max(SPEC_LIMITS.steps)
      .default([])
      .describe('What happens to the rows, in order. None: the rows go to the output as they are.'),
    output: OutputSpec,
    deadline: z
      .union([Duration, z.iso.datetime({ offset: true })], { error: A_DEADLINE })
      .optional()
      .describe(
        'When the result must be there: a duration from submission, or an ISO 8601 instant with its zone.',
      ),
    on_deadline: z
      .enum(['alert', 'scale', 'partial', 'cancel'])
      .default('alert')
      .describe('What to do when the deadline is at risk.'),
    budget: z
      .string({ error: A_BUDGET })
      .regex(/^(?=.*[1-9])\d{1,9}(\.\d{1,2})? USD$/, { error: A_BUDGET })
      .optional()
      .describe('The most that the job may cost, in US dollars.'),
    errors: ErrorsSpec.default({ max_rejects: 0 }),
    lora: z
      .array(LoraAdapter, { error: 'expected a list of adapters' })
      .min(1)
      .max(1_000)
      .optional()
      .describe('The adapters that `infer` steps can name.'),
    seed: z
      .int({ error: 'expected a whole number' })
      .min(0)
      .optional()
      .describe('The seed of everything random in the job.'),
  },
  { error: 'expected a mapping with name, input, steps and output' },
);

type Fields = z.infer<typeof JobSpecFields>;
type Refuse = (path: (string | number)[], message: string, known?: readonly string[]) => void;

const checkAdapters = (spec: Fields, refuse: Refuse): void => {
  const names = (spec.lora ?? []).map(({ name }) => name);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      refuse(['lora', index, 'name'], `the adapter ${JSON.stringify(name)} is named twice`);
  for (const [index, step] of spec.steps.entries()) {
    if (!('infer' in step) || step.infer.lora === undefined || names.includes(step.infer.lora)) continue;
    const list =
      names.length === 0 ? 'the spec has no list `lora`' : `the list \`lora\` has ${names.join(', ')}`;
    refuse(
      ['steps', index, 'infer', 'lora'],
      `unknown adapter ${JSON.stringify(step.infer.lora)}; ${list}`,
      names,
    );
  }
};

export const JobSpec = JobSpecFields.superRefine((spec, context) => {
  const refuse: Refuse = (path, message, known) =>
    context.addIssue({ code: 'custom', path, message, params: { known } });
  checkAdapters(spec, refuse);
  if (spec.deadline === undefined && spec.on_deadline !== 'alert')
    refuse(['on_deadline'], `\`${spec.on_deadline}\` needs a deadline`);
}).meta({ id: 'JobSpec', title: 'Daybreak job spec', description: 'What a user submits.' });
/** A validated job: defaults filled in, expressions as text. */
export type JobSpec = z.infer<typeof JobSpec>;
/** A job as it is written: what has a default may be left out. */
export type JobSpecInput = z.input<typeof JobSpec>;
