import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** The suite's form, as README.md describes it. */
export type Step = z.infer<typeof StepFields> & {
  readonly faults?: readonly (Omit<z.infer<typeof FaultFields>, 'meanwhile'> & {
    readonly meanwhile?: readonly Step[];
  })[];
  readonly actors?: readonly (readonly Step[])[];
  readonly steps?: readonly Step[];
};

const FaultFields = z.strictObject({
  on: z.enum(['get', 'head', 'put', 'putIfAbsent', 'putFile', 'delete']),
  reply: z.union([z.enum(['ok', 'lost', 'dropped']), z.literal([409, 412, 503])]).optional(),
  delay: z.int().positive().optional(),
  times: z.int().positive().optional(),
});

const StepFields = z.strictObject({
  op: z.string(),
  key: z.string().optional(),
  prefix: z.string().optional(),
  text: z.string().optional(),
  repeat: z.int().positive().optional(),
  offset: z.int().nonnegative().optional(),
  lengthBytes: z.int().nonnegative().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  run: z.string().optional(),
  k: z.int().optional(),
  tasks: z.array(z.string()).optional(),
  times: z.int().positive().optional(),
  expect: z.unknown().optional(),
});

const Step: z.ZodType<Step> = z.lazy(() =>
  StepFields.extend({
    faults: z.array(FaultFields.extend({ meanwhile: z.array(Step).optional() })).optional(),
    actors: z.array(z.array(Step)).optional(),
    steps: z.array(Step).optional(),
  }),
) as z.ZodType<Step>;

export const StoreCases = z.strictObject({
  version: z.literal(1),
  base: z.record(z.string(), z.record(z.string(), z.unknown())),
  cases: z.array(
    z.strictObject({
      name: z.string(),
      needs: z.enum(['store', 'law', 'runs']),
      steps: z.array(Step).min(1),
    }),
  ),
});
export type StoreCases = z.infer<typeof StoreCases>;
export type StoreCase = StoreCases['cases'][number];

export const readStoreCases = (): StoreCases =>
  StoreCases.parse(JSON.parse(readFileSync(new URL('./store-cases.json', import.meta.url), 'utf8')));
