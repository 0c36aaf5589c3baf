import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import type { Shuffle } from '../contract/plan.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { countPartitions, partitionColumns, type StageCut } from '../core/cut-stages.ts';
import type { BoundCut } from '../core/plan-job.ts';
import { arrowColumnsOf } from '../io/arrow/types.ts';
import { describeColumns } from '../io/query-rows.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderWire } from '../sql/render-halves.ts';

/**
 * Finds what crosses between the stages: the columns and types that the first half of each moving step writes.
 * Fails with ColumnTypeError where a type cannot cross.
 */
export const bindShuffles = async (
  connection: DuckDBConnection,
  cuts: readonly StageCut[],
  options: {
    readonly columns: readonly Column[];
    readonly partitions: number;
    /** Whether a group_by over these steps makes far fewer rows in a task; asked of the first cut only. */
    readonly shrinks: (steps: readonly PlannedStep[], keys: readonly string[]) => Promise<boolean>;
  },
): Promise<readonly BoundCut[]> => {
  const bound: BoundCut[] = [];
  let columns = options.columns;
  for (const [index, { opening, steps, moving }] of cuts.entries()) {
    columns = steps.at(-1)?.columns ?? opening?.columns ?? columns;
    const shuffle =
      moving === undefined ? undefined : await bindShuffle(connection, moving, { ...options, columns });
    const isUngrouped =
      index === 0 &&
      moving?.kind === 'group_by' &&
      moving.keys.length > 0 &&
      moving.decomposition.mode === 'partial' &&
      !(await options.shrinks(steps, moving.keys));
    bound.push({
      ...(opening === undefined ? {} : { opening }),
      steps: [...steps],
      ...(shuffle === undefined ? {} : { shuffle: isUngrouped ? { ...shuffle, isUngrouped } : shuffle }),
    });
  }
  return bound;
};

const bindShuffle = async (
  connection: DuckDBConnection,
  step: PlannedStep,
  { columns, partitions }: { readonly columns: readonly Column[]; readonly partitions: number },
): Promise<Shuffle> => {
  const typed = columns.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${quoteIdentifier(name)}`);
  const empty = `(SELECT ${typed.length === 0 ? 'NULL AS daybreak_nothing' : typed.join(', ')} WHERE false)`;
  const wire = await describeColumns(connection, `(${renderWire(step, empty)})`);
  arrowColumnsOf(wire);
  return {
    step,
    columns: wire,
    by: [...partitionColumns(step)],
    partitions: countPartitions(step, partitions),
  };
};
