import type { Shuffle } from '../contract/plan.ts';
import type { PlannedStep, PlannedStepOf } from '../contract/planned-steps.ts';
import { renderAnswers } from './infer-halves.ts';
import { quoteIdentifier } from './quote.ts';
import {
  renderFinal,
  renderGroups,
  renderPartial,
  renderShuffled,
  renderSingle,
  statesColumn,
} from './render-aggregates.ts';
import { renderNames, unusedName } from './render-names.ts';
import { renderSort } from './render-sort.ts';
import { addTally, type Compiler } from './tally.ts';

/** What a moving step writes before its rows move: rows, or groups with their states. No witnesses yet. */
export const renderWire = (step: PlannedStep, from: string, isUngrouped = false): string => {
  switch (step.kind) {
    case 'distinct': {
      const keys = renderNames(step.columns);
      return `SELECT ${keys}, count(*) AS ${rowsColumn(step)} FROM ${from} GROUP BY ${keys}`;
    }
    case 'group_by':
      return renderGroupWire(step, from, isUngrouped);
    case 'sort':
    case 'repartition':
    case 'map_groups':
      return `SELECT * FROM ${from}`;
    default:
      throw new Error(`the step ${step.kind} moves no rows`);
  }
};

const renderGroupWire = (
  { decomposition, keys }: PlannedStepOf<'group_by'>,
  from: string,
  isUngrouped: boolean,
): string => {
  if (decomposition.mode === 'rows') return renderShuffled(decomposition, keys, from);
  return isUngrouped ? renderSingle(decomposition, keys, from) : renderPartial(decomposition, keys, from);
};

/** The hidden count that groups carry between the halves: how many rows each stands for. A BIGINT; quoted. */
const rowsColumn = (step: PlannedStep): string =>
  quoteIdentifier(step.kind === 'group_by' ? step.decomposition.rows.name : unusedName('rows', step.columns));

/** Whether the first half of a step makes groups, which carry a hidden count of their rows. */
const isGrouping = (step: PlannedStep): boolean =>
  step.kind === 'distinct' ||
  (step.kind === 'group_by' && (step.decomposition.mode === 'partial' || step.decomposition.foldsEqualRows));

/** The half of a moving step that runs before its rows move. */
export const renderFirstHalf = (
  compiler: Compiler,
  { step, isUngrouped }: Pick<Shuffle, 'step' | 'isUngrouped'>,
  from: string,
): string => {
  if (step.kind === 'sort') return renderSort(compiler, step, from);
  const wire = renderWire(step, from, isUngrouped);
  if (!isGrouping(step)) return wire;
  const folded = addTally(compiler, { step: step.step, term: 'folded', keeps: 1 });
  const carried = addTally(compiler, { step: step.step, term: 'carried-out', keeps: 1 });
  const rows = `${rowsColumn(step)}::DOUBLE`;
  return `SELECT * FROM (${wire}) WHERE ${folded}(${rows}) AND ${carried}(${rows})`;
};

/** The half that runs after they moved. */
export const renderSecondHalf = (compiler: Compiler, step: PlannedStep, from: string): string => {
  switch (step.kind) {
    case 'distinct':
      return renderMergedDistinct(compiler, step, from);
    case 'group_by':
      return renderMergedGroups(compiler, step, from);
    case 'sort':
      return renderSort(compiler, step, from);
    case 'repartition':
      return `SELECT * FROM ${from}`;
    case 'infer':
      return renderAnswers(step, from);
    default:
      throw new Error(`the step ${step.kind} moves no rows`);
  }
};

const renderMergedDistinct = (compiler: Compiler, step: PlannedStepOf<'distinct'>, from: string): string => {
  const folded = addTally(compiler, { step: step.step, term: 'folded', keeps: 1 });
  const carried = addTally(compiler, { step: step.step, term: 'carried-in', keeps: 1 });
  const keys = renderNames(step.columns);
  const groups = quoteIdentifier(unusedName('groups', step.columns));
  const rows = rowsColumn(step);
  const outputs = `${keys}, count(*)::DOUBLE AS ${groups}, sum(${rows})::DOUBLE AS ${rows}`;
  return `SELECT ${keys} FROM (SELECT ${outputs} FROM ${from} GROUP BY ${keys}) WHERE ${folded}(${groups}) AND ${carried}(${rows})`;
};

/** {@link statesColumn} counts what came in for a group; of folded rows and states the hidden count is checked too. */
const renderMergedGroups = (compiler: Compiler, step: PlannedStepOf<'group_by'>, from: string): string => {
  const folded = addTally(compiler, { step: step.step, term: 'folded', keeps: 1 });
  const { decomposition, keys } = step;
  const groups =
    decomposition.mode === 'partial'
      ? renderFinal(decomposition, keys, from)
      : renderGroups(decomposition, keys, from);
  const witnesses = [`${folded}(${statesColumn(decomposition)}::DOUBLE)`];
  if (isGrouping(step)) {
    const carried = addTally(compiler, { step: step.step, term: 'carried-in', keeps: 1 });
    witnesses.push(`${carried}(${rowsColumn(step)}::DOUBLE)`);
  }
  return `SELECT ${renderNames(step.columns)} FROM (${groups}) WHERE ${witnesses.join(' AND ')}`;
};
