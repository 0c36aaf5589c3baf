import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import type { Shuffle } from '../contract/plan.ts';
import { INFER_LIMITS, type PlannedInferStep } from '../contract/planned-infer.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { countPartitions, isClosing, partitionColumns, type StageCut } from '../core/cut-stages.ts';
import type { BoundCut } from '../core/plan-job.ts';
import { arrowColumnsOf } from '../io/arrow/types.ts';
import { describeColumns } from '../io/query-rows.ts';
import { answerColumns, requestColumns } from '../sql/infer-halves.ts';
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
    /** What a file of answers is to have, where the user has not said how many there are. */
    readonly closingBytes?: number | undefined;
    /** Whether a group_by over these steps makes far fewer rows in a task; asked of the first cut only. */
    readonly shrinks: (steps: readonly PlannedStep[], keys: readonly string[]) => Promise<boolean>;
  },
): Promise<readonly BoundCut[]> => {
  const bound: BoundCut[] = [];
  let columns = options.columns;
  for (const [index, cut] of cuts.entries()) {
    const { kind, opening, steps, moving } = cut;
    columns = steps.at(-1)?.columns ?? opening?.columns ?? columns;
    const shuffle = await bindShuffle(connection, cut, { ...options, columns });
    const isUngrouped =
      index === 0 &&
      moving?.kind === 'group_by' &&
      moving.keys.length > 0 &&
      moving.decomposition.mode === 'partial' &&
      !(await options.shrinks(steps, moving.keys));
    const { closingBytes } = options;
    bound.push({
      kind,
      ...(closingBytes !== undefined && isClosing(cut) ? { taskBytes: closingBytes } : {}),
      ...(opening === undefined ? {} : { opening }),
      steps: [...steps],
      ...(shuffle === undefined ? {} : { shuffle: isUngrouped ? { ...shuffle, isUngrouped } : shuffle }),
    });
  }
  return bound;
};

const bindShuffle = async (
  connection: DuckDBConnection,
  { kind, moving: step }: StageCut,
  { columns, partitions }: { readonly columns: readonly Column[]; readonly partitions: number },
): Promise<Shuffle | undefined> => {
  if (step === undefined) return undefined;
  if (step.kind === 'infer') return bindPieces(step, kind);
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

/** A task of a model writes one piece, however many rows it has: as many as one stream may count. */
const MOST_PIECE_ROWS = 2 ** 31 - 1;

/** Rows on their way to the model, and those that come from it. Fails with ColumnTypeError. */
const bindPieces = (step: PlannedInferStep, kind: StageCut['kind']): Shuffle => {
  const isAnswered = kind === 'infer';
  const columns = isAnswered ? answerColumns(step) : requestColumns(step);
  arrowColumnsOf(columns);
  return {
    step,
    columns: [...columns],
    by: [],
    partitions: 1,
    pieceRows: isAnswered ? MOST_PIECE_ROWS : INFER_LIMITS.pieceRows,
  };
};
