import * as z from 'zod';
import { PlannedColumn } from './columns.ts';
import { Decomposition } from './decomposition.ts';
import { ModuleStep } from './module-step.ts';
import { PlannedInferStep } from './planned-infer.ts';

const shared = {
  /** Position of the step in the spec, from 0. */
  step: z.int().min(0),
  /** The columns that the step leaves, in order. */
  columns: z.array(PlannedColumn),
};

/** The columns before the step that the expression needs. */
const uses = z.array(z.string());

const NamedExpression = z.strictObject({ name: z.string(), sql: z.string(), uses });

const SortKey = z.strictObject({
  sql: z.string(),
  uses,
  direction: z.enum(['ASC', 'DESC']),
  nulls: z.enum(['FIRST', 'LAST']),
});

/**
 * A step as tasks run it: every expression checked against the allow-list, bound against the columns
 * before it, with `now()` replaced by the submission instant. `select` and `extend` are both `project`.
 */
export const PlannedStep = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('filter'),
      ...shared,
      predicate: z.string(),
      uses,
      isPrunable: z.boolean(),
    }),
    z.strictObject({ kind: z.literal('project'), ...shared, expressions: z.array(NamedExpression) }),
    z.strictObject({ kind: z.literal('unnest'), ...shared, column: z.string() }),
    z.strictObject({ kind: z.literal('distinct'), ...shared }),
    z.strictObject({
      kind: z.literal('repartition'),
      ...shared,
      by: z.array(z.string()),
      partitions: z.int().min(1).optional(),
    }),
    z.strictObject({
      kind: z.literal('group_by'),
      ...shared,
      keys: z.array(z.string()),
      aggregates: z.array(NamedExpression),
      /** The same aggregates, by parts. */
      decomposition: Decomposition,
    }),
    ModuleStep,
    PlannedInferStep,
    z.strictObject({ kind: z.literal('sort'), ...shared, by: z.array(SortKey), limit: z.int().min(1) }),
  ])
  .meta({ id: 'PlannedStep' });
export type PlannedStep = z.infer<typeof PlannedStep>;
export type PlannedStepOf<Kind extends PlannedStep['kind']> = Extract<PlannedStep, { kind: Kind }>;
