import { describe, expect, it } from 'vitest';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { narrowSteps } from '../../functions/core/narrow-steps.ts';
import { noAggregates } from './no-aggregates.ts';

const columnsNamed = (...names: readonly string[]) => names.map((name) => ({ name, type: 'BIGINT' }));
const input = columnsNamed('a', 'b', 'c');

const project = (step: number, ...expressions: readonly (readonly [string, ...string[]])[]): PlannedStep => ({
  kind: 'project',
  step,
  columns: columnsNamed(...expressions.map(([name]) => name)),
  expressions: expressions.map(([name, ...uses]) => ({ name, sql: uses.join(' + ') || '1', uses })),
});
const countAll = (step: number): PlannedStep => ({
  kind: 'group_by',
  step,
  columns: columnsNamed('n'),
  keys: [],
  aggregates: [{ name: 'n', sql: 'count(*)', uses: [] }],
  decomposition: noAggregates,
});

describe('narrowSteps', () => {
  it('reads every column where there are no steps', () => {
    expect(narrowSteps(input, []).columns).toEqual(['a', 'b', 'c']);
  });

  it('leaves out expressions that no later step needs, with what they alone use', () => {
    const group: PlannedStep = {
      kind: 'group_by',
      step: 1,
      columns: columnsNamed('x', 's'),
      keys: ['x'],
      aggregates: [{ name: 's', sql: 'sum("y")', uses: ['y'] }],
      decomposition: noAggregates,
    };
    const steps = [project(0, ['x', 'a'], ['y', 'b'], ['z', 'c']), group];
    const narrowed = narrowSteps(input, steps);
    expect(narrowed.columns).toEqual(['a', 'b']);
    expect(narrowed.steps[0]).toMatchObject({ expressions: [{ name: 'x' }, { name: 'y' }] });
    expect(narrowed.steps[0]?.columns).toEqual(columnsNamed('x', 'y'));
    expect(narrowed.steps[1]).toEqual(group);
  });

  it('leaves out aggregates that no later step needs', () => {
    const group: PlannedStep = {
      kind: 'group_by',
      step: 0,
      columns: columnsNamed('a', 's', 't'),
      keys: ['a'],
      aggregates: [
        { name: 's', sql: 'sum("b")', uses: ['b'] },
        { name: 't', sql: 'sum("c")', uses: ['c'] },
      ],
      decomposition: noAggregates,
    };
    const narrowed = narrowSteps(input, [group, project(1, ['t', 't'])]);
    expect(narrowed.columns).toEqual(['a', 'c']);
    expect(narrowed.steps[0]).toMatchObject({ keys: ['a'], aggregates: [{ name: 't' }] });
  });

  it('needs what a filter and an unnest decide by, and passes only what comes after', () => {
    const filter: PlannedStep = {
      kind: 'filter',
      step: 0,
      columns: input,
      predicate: '"b" > 1',
      uses: ['b'],
      isPrunable: true,
    };
    const unnest: PlannedStep = { kind: 'unnest', step: 1, columns: input, column: 'a' };
    const narrowed = narrowSteps(input, [filter, unnest, countAll(2)]);
    expect(narrowed.columns).toEqual(['a', 'b']);
    expect(narrowed.steps.map(({ columns }) => columns.map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['a'],
      ['n'],
    ]);
  });

  it('keeps every column that a sort breaks ties on, and that distinct compares', () => {
    const sort: PlannedStep = {
      kind: 'sort',
      step: 0,
      columns: input,
      by: [{ sql: '"a"', uses: ['a'], direction: 'ASC', nulls: 'LAST' }],
      limit: 1,
    };
    const distinct: PlannedStep = { kind: 'distinct', step: 0, columns: columnsNamed('a', 'b') };
    expect(narrowSteps(input, [sort, project(1, ['x', 'a'])]).columns).toEqual(['a', 'b', 'c']);
    expect(narrowSteps(input, [distinct, project(1, ['x', 'a'])]).columns).toEqual(['a', 'b']);
  });

  it('leaves a step without columns where only the number of its rows counts', () => {
    const narrowed = narrowSteps(input, [project(0, ['x', 'a']), countAll(1)]);
    expect(narrowed.columns).toEqual([]);
    expect(narrowed.steps[0]).toMatchObject({ columns: [], expressions: [] });
  });
});
