import { describe, expect, it } from 'vitest';
import type { Decomposition } from '../../functions/contract/decomposition.ts';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import { refuseGlobalRows } from '../../functions/core/refuse-global-rows.ts';
import { noAggregates } from './no-aggregates.ts';

const rows = (foldsEqualRows: boolean): Decomposition => ({
  mode: 'rows',
  reason: 'median',
  columns: [],
  outputs: [],
  foldsEqualRows,
  rows: { name: 'daybreak_rows', partial: 'count(*)', single: '1' },
});

const group = (keys: string[], decomposition: Decomposition): PlannedStep => ({
  kind: 'group_by',
  step: 2,
  columns: [],
  keys,
  aggregates: [],
  decomposition,
});

describe('refuseGlobalRows', () => {
  it('refuses a group_by without keys that needs all rows in one place, and says what to do', () => {
    expect(() => refuseGlobalRows([group([], rows(false))])).toThrow(
      expect.objectContaining({
        name: 'GlobalAggregateError',
        message: expect.stringMatching(/^steps\[2\]\.group_by has no keys, and median .*keys.*one task/),
      }),
    );
  });

  it('lets groups with keys, partial results and folded rows through', () => {
    const steps = [group(['k'], rows(false)), group([], rows(true)), group([], noAggregates)];
    expect(() => refuseGlobalRows(steps)).not.toThrow();
  });
});
