import type { Column } from '../contract/columns.ts';
import type { PlannedStep, PlannedStepOf } from '../contract/planned-steps.ts';
import { quoteIdentifier } from './quote.ts';

/**
 * A witness inside the query: a volatile function that DuckDB calls on exactly the rows of one term of
 * the conservation law, and that counts them. DuckDB neither merges nor reorders volatile filters, which
 * `test/flow/conservation.test.ts` holds over random plans.
 *
 * `read` and `dropped` count rows. `lengths` gets the length of each list to unnest, `folded` the rows of
 * each group, `entered` counts the rows that reach a sort with a limit.
 */
export type Tally = {
  readonly name: string;
  readonly step: number | 'input';
  readonly term: 'read' | 'dropped' | 'lengths' | 'folded' | 'entered';
  /** What the function returns: 0 removes the row, 1 keeps it. */
  readonly keeps: 0 | 1;
  /** Of `entered`: rows that pass. */
  readonly limit?: number;
};

/** A count that is taken by a query of its own, beside the main one. */
export type Probe = { readonly step: number; readonly term: 'dropped'; readonly sql: string };

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

type Compiler = { readonly tallies: Tally[]; readonly probes: Probe[] };

/**
 * Renders the steps as one SELECT over `source`, a common table expression each, with the witnesses of
 * conservation inside. `Tally.name`s must be registered as functions before it runs.
 */
export const compileSteps = (source: StepSource, steps: readonly PlannedStep[]): CompiledSteps => {
  const compiler: Compiler = { tallies: [], probes: [] };
  const [first, ...rest] = steps;
  const isPruned = source.prunes && first?.kind === 'filter' && first.isPrunable;
  const tables = [renderSource(compiler, source, isPruned ? first : undefined)];
  for (const step of isPruned ? rest : steps)
    tables.push(renderStep(compiler, step, `daybreak_t${tables.length - 1}`));
  const named = tables.map((sql, index) => `daybreak_t${index} AS NOT MATERIALIZED (\n  ${sql}\n)`);
  return { sql: `WITH ${named.join(',\n')}\nSELECT * FROM daybreak_t${tables.length - 1}`, ...compiler };
};

const addTally = (compiler: Compiler, tally: Omit<Tally, 'name'>): string => {
  const name = `daybreak_tally_${compiler.tallies.length}`;
  compiler.tallies.push({ name, ...tally });
  return name;
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
  }
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
  const rows = quoteIdentifier(unusedName('rows', step.columns));
  const keys = step.keys.map(quoteIdentifier);
  const outputs = [...keys, ...step.aggregates.map(renderNamed), `count(*)::DOUBLE AS ${rows}`];
  const groups = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
  return `SELECT ${renderNames(step.columns)} FROM (SELECT ${outputs.join(', ')} FROM ${from}${groups}) WHERE ${folded}(${rows})`;
};

const renderSort = (compiler: Compiler, step: PlannedStepOf<'sort'>, from: string): string => {
  const entered = addTally(compiler, { step: step.step, term: 'entered', keeps: 1, limit: step.limit });
  const marker = quoteIdentifier(unusedName('entered', step.columns));
  const keys = step.by.map(({ sql, direction, nulls }) => `${sql} ${direction} NULLS ${nulls}`);
  const ties = step.columns.map(({ name }) => `${quoteIdentifier(name)} ASC NULLS LAST`);
  // The marker leads the order: a constant there costs little, and keeps DuckDB from pushing the sort's moving
  // bound down into the reader (`PushdownDynamicFilters` in its topn_optimizer.cpp), past the witness.
  const order = [`${marker} ASC`, ...keys, ...ties].join(', ');
  return `SELECT ${renderNames(step.columns)} FROM (SELECT *, ${entered}() AS ${marker} FROM ${from}) ORDER BY ${order} LIMIT ${step.limit}`;
};

const renderNamed = ({ name, sql }: { readonly name: string; readonly sql: string }): string =>
  `${sql} AS ${quoteIdentifier(name)}`;

const renderNames = (columns: readonly Column[]): string =>
  renderList(columns.map(({ name }) => quoteIdentifier(name)));

/** SQL has no rows without columns; of such only the number counts. */
const renderList = (columns: readonly string[]): string =>
  columns.length === 0 ? 'NULL AS daybreak_nothing' : columns.join(', ');

/** DuckDB folds case in names, so that is how they are compared. */
const unusedName = (stem: string, columns: readonly Column[]): string => {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  let name = `daybreak_${stem}`;
  while (taken.has(name)) name += '_';
  return name;
};
