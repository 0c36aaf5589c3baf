import type { Column } from '../contract/columns.ts';
import type { Shuffle } from '../contract/plan.ts';
import type { PlannedStep, PlannedStepOf } from '../contract/planned-steps.ts';
import { renderRequests } from './infer-halves.ts';
import { quoteIdentifier } from './quote.ts';
import { renderFirstHalf, renderSecondHalf } from './render-halves.ts';
import { renderList, renderNamed, renderNames, unusedName } from './render-names.ts';
import { renderSort } from './render-sort.ts';
import { addTally, type Compiler, type Probe, type Tally } from './tally.ts';

export type CompiledSteps = {
  readonly sql: string;
  readonly tallies: readonly Tally[];
  readonly probes: readonly Probe[];
};

/** A FROM item, and whether its rows must be counted as they are read (Parquet's footers already did). */
export type StepSource = {
  readonly sql: string;
  readonly isCounted: boolean;
  /** The reader can skip what a plain predicate rules out. */
  readonly prunes: boolean;
  readonly columns: readonly Column[];
};

/** What a stage does with its rows: the second half of a step, whole steps, the first half of another. */
export type StageProgram = {
  readonly opening?: PlannedStep | undefined;
  readonly steps: readonly PlannedStep[];
  readonly shuffle?: Shuffle | undefined;
};

/** The column before all others of a stage that shuffles: the partition of the row, an INTEGER from 0. */
export const PARTITION_COLUMN = 'daybreak_partition';

/**
 * Renders a stage as one SELECT over `source`, a common table expression each, with the witnesses of
 * conservation inside. `Tally.name`s must be registered as functions before it runs.
 */
export const compileStage = (source: StepSource, program: StageProgram, segment = 0): CompiledSteps => {
  const { opening, steps, shuffle } = program;
  const compiler: Compiler = { segment, tallies: [], probes: [] };
  const [first, ...rest] = steps;
  const isPruned = source.prunes && first?.kind === 'filter' && first.isPrunable;
  const tables = [renderSource(compiler, source, isPruned ? first : undefined)];
  const add = (render: (from: string) => string): void => {
    tables.push(render(`daybreak_t${tables.length - 1}`));
  };
  if (opening !== undefined) add((from) => renderSecondHalf(compiler, opening, from));
  for (const step of isPruned ? rest : steps) add((from) => renderStep(compiler, step, from));
  if (shuffle?.step.kind === 'infer') {
    const { step } = shuffle;
    add((from) => renderRequests(step, from));
  } else if (shuffle !== undefined) {
    add((from) => renderFirstHalf(compiler, shuffle, from));
    add((from) => renderPartitions(shuffle, from));
  }
  const named = tables.map((sql, index) => `daybreak_t${index} AS NOT MATERIALIZED (\n  ${sql}\n)`);
  return { sql: `WITH ${named.join(',\n')}\nSELECT * FROM daybreak_t${tables.length - 1}`, ...compiler };
};

const renderSource = (
  compiler: Compiler,
  source: StepSource,
  filter: PlannedStepOf<'filter'> | undefined,
): string => {
  const from = `SELECT ${renderNames(source.columns)} FROM ${source.sql}`;
  if (filter !== undefined) {
    // The predicate goes down into the reader as it is, so what it drops is counted by a second, narrow read.
    compiler.probes.push({
      step: filter.step,
      term: 'dropped',
      sql: `SELECT count(*) FROM ${source.sql} WHERE (${filter.predicate}) IS NOT TRUE`,
    });
    return `${from} WHERE ${filter.predicate}`;
  }
  if (source.isCounted) return from;
  return `${from} WHERE ${addTally(compiler, { step: 'input', term: 'read', keeps: 1 })}()`;
};

const renderStep = (compiler: Compiler, step: PlannedStep, from: string): string => {
  switch (step.kind) {
    case 'filter': {
      const dropped = addTally(compiler, { step: step.step, term: 'dropped', keeps: 0 });
      return `SELECT * FROM ${from} WHERE CASE WHEN ${step.predicate} THEN 1 ELSE ${dropped}() END`;
    }
    case 'project':
      return `SELECT ${renderList(step.expressions.map(renderNamed))} FROM ${from}`;
    case 'unnest':
      return renderUnnest(compiler, step, from);
    case 'distinct':
      return renderGroups(
        compiler,
        { ...step, keys: step.columns.map(({ name }) => name), aggregates: [] },
        from,
      );
    case 'group_by':
      return renderGroups(compiler, step, from);
    case 'sort':
      return renderSort(compiler, step, from);
    case 'repartition':
      return `SELECT * FROM ${from}`;
    default:
      throw new Error(`the step ${step.kind} is no SQL: stages/run-modules runs it`);
  }
};

/** The partition of each row, then its columns. */
const renderPartitions = ({ by, partitions, columns, step }: Shuffle, from: string): string =>
  `SELECT ${renderPartition({ by, partitions, step })}::INTEGER AS ${PARTITION_COLUMN}, ${renderNames(columns)} FROM ${from}`;

/** The partition of a row, an integer from 0: by the hash of its key, or dealt out in turn. */
export const renderPartition = ({
  by,
  partitions,
  step,
}: Pick<Shuffle, 'by' | 'partitions' | 'step'>): string => {
  if (partitions === 1) return '0';
  if (by.length > 0) return `(hash(${by.map(quoteIdentifier).join(', ')}) % ${partitions})`;
  // Only `repartition: { partitions }` has many partitions and no columns: rows are dealt out in turn.
  if (step.kind === 'repartition') return `((row_number() OVER () - 1) % ${partitions})`;
  throw new Error(`the step ${step.kind} has ${partitions} partitions and nothing to choose one by`);
};

const renderUnnest = (compiler: Compiler, step: PlannedStepOf<'unnest'>, from: string): string => {
  const column = quoteIdentifier(step.column);
  const lengths = addTally(compiler, { step: step.step, term: 'lengths', keeps: 1 });
  const columns = step.columns.map(({ name }) =>
    name === step.column ? `unnest(${column}) AS ${column}` : quoteIdentifier(name),
  );
  return `SELECT ${columns.join(', ')} FROM (SELECT * FROM ${from} WHERE ${lengths}(coalesce(len(${column}), 0)::DOUBLE))`;
};

const renderGroups = (
  compiler: Compiler,
  step: Pick<PlannedStepOf<'group_by'>, 'step' | 'columns' | 'keys' | 'aggregates'>,
  from: string,
): string => {
  const folded = addTally(compiler, { step: step.step, term: 'folded', keeps: 1 });
  // A key that nothing later needs is no column of the step any more, and a name all the same.
  const names = [...step.columns, ...step.keys.map((name) => ({ name })), ...step.aggregates];
  const rows = quoteIdentifier(unusedName('rows', names));
  const keys = step.keys.map(quoteIdentifier);
  const outputs = [...keys, ...step.aggregates.map(renderNamed), `count(*)::DOUBLE AS ${rows}`];
  const groups = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
  return `SELECT ${renderNames(step.columns)} FROM (SELECT ${outputs.join(', ')} FROM ${from}${groups}) WHERE ${folded}(${rows})`;
};
