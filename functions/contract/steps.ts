import * as z from 'zod';
import { InferStep } from './infer-step.ts';
import { SPEC_LIMITS } from './spec-limits.ts';
import { ColumnName, ColumnNames, columnsOf, Expression, foldColumnName, UserModule } from './spec-values.ts';

const expressions = () => columnsOf(Expression, 'a mapping of column to expression');

export const RepartitionStep = z
  .strictObject(
    {
      by: ColumnNames.min(1).optional().describe('Rows that are equal in these columns come together.'),
      partitions: z
        .int({ error: 'expected a whole number of partitions' })
        .min(1)
        .max(SPEC_LIMITS.partitions)
        .optional()
        .describe('The number of partitions.'),
    },
    { error: 'expected a mapping with by, or with partitions' },
  )
  .superRefine((step, context) => {
    if ((step.by === undefined) !== (step.partitions === undefined)) return;
    context.addIssue({ code: 'custom', message: 'give `by` or `partitions`, exactly one of them' });
  })
  .meta({ id: 'RepartitionStep', description: 'Moves rows between tasks.' });
export type RepartitionStep = z.infer<typeof RepartitionStep>;

export const GroupByStep = z
  .strictObject(
    {
      keys: ColumnNames.default([]).describe('The columns to group by. None gives one row.'),
      aggregates: expressions()
        .optional()
        .describe('The columns to add to the keys, each an aggregate expression.'),
      map_groups: UserModule.optional().describe("A user's function that gets a whole group."),
    },
    { error: 'expected a mapping with keys and aggregates' },
  )
  .superRefine((step, context) => {
    const refuse = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    if (step.aggregates !== undefined && step.map_groups !== undefined)
      refuse(['map_groups'], 'give `aggregates` or `map_groups`, not both');
    if (step.aggregates === undefined && step.map_groups === undefined)
      refuse([], 'group_by needs `aggregates` or `map_groups`; for the different keys alone use `distinct`');
    const keys = new Set(step.keys.map(foldColumnName));
    for (const name of Object.keys(step.aggregates ?? {}))
      if (keys.has(foldColumnName(name)))
        refuse(['aggregates', name], `the aggregate ${JSON.stringify(name)} has the name of a key`);
  })
  .meta({ id: 'GroupByStep', description: 'One row for each group.' });
export type GroupByStep = z.infer<typeof GroupByStep>;

const SortKey = z
  .string({ error: 'expected an expression such as "n DESC"' })
  .min(1)
  .max(SPEC_LIMITS.expressionLength)
  .superRefine((key, context) => {
    if (/^\s*[+-]?\d+\s*( (asc|desc)\b.*)?$/i.test(key))
      context.addIssue({
        code: 'custom',
        message: `sort by the name of a column, not by its position ${key.trim()}`,
      });
  })
  .meta({
    id: 'SortKey',
    description: 'An expression, then `ASC` or `DESC`, then `NULLS FIRST` or `NULLS LAST`.',
  });

export const SortStep = z
  .strictObject(
    {
      by: z
        .union([SortKey, z.array(SortKey).min(1).max(1_000)], {
          error: 'expected an expression such as "n DESC", or a list of them',
        })
        .describe('What to sort by, first things first. Ties are broken on all columns.'),
      limit: z
        .int({ error: 'expected a whole number of rows' })
        .min(1)
        .max(SPEC_LIMITS.sortLimit)
        .describe('The rows kept.'),
    },
    { error: 'expected a mapping with by and limit' },
  )
  .meta({ id: 'SortStep', description: 'Keeps the first rows of an order.' });
export type SortStep = z.infer<typeof SortStep>;

export const DistinctStep = z
  .union([z.literal(true), ColumnNames.min(1)], { error: 'expected true, or a list of column names' })
  .meta({
    id: 'DistinctStep',
    description: 'Keeps one of equal rows: `true` compares all columns; a list keeps and compares those.',
  });
export type DistinctStep = z.infer<typeof DistinctStep>;

/** Every step by name: the one table of what a step is. */
export const STEPS = {
  filter: Expression.describe('Keeps the rows for which the expression is true.'),
  select: expressions().describe('Replaces the columns.'),
  extend: expressions().describe('Adds columns.'),
  map: UserModule.describe("A user's function from a row to a row."),
  flat_map: UserModule.describe("A user's function from a row to any number of rows."),
  map_batches: UserModule.describe("A user's function from typed columns to typed columns."),
  unnest: ColumnName.describe('A row for each element of the list in this column.'),
  repartition: RepartitionStep,
  group_by: GroupByStep,
  distinct: DistinctStep,
  sort: SortStep,
  infer: InferStep,
} as const satisfies Record<string, z.ZodType>;

export type StepName = keyof typeof STEPS;
export const STEP_NAMES = Object.keys(STEPS) as readonly StepName[];

/** One step: an object with exactly one key, the name of the step. */
export const Step = z
  .union(
    [
      z.strictObject({ filter: STEPS.filter }),
      z.strictObject({ select: STEPS.select }),
      z.strictObject({ extend: STEPS.extend }),
      z.strictObject({ map: STEPS.map }),
      z.strictObject({ flat_map: STEPS.flat_map }),
      z.strictObject({ map_batches: STEPS.map_batches }),
      z.strictObject({ unnest: STEPS.unnest }),
      z.strictObject({ repartition: STEPS.repartition }),
      z.strictObject({ group_by: STEPS.group_by }),
      z.strictObject({ distinct: STEPS.distinct }),
      z.strictObject({ sort: STEPS.sort }),
      z.strictObject({ infer: STEPS.infer }),
    ],
    { error: 'expected a step' },
  )
  .meta({ id: 'Step', description: 'A step: a mapping with exactly one key, the name of the step.' });
export type Step = z.infer<typeof Step>;
