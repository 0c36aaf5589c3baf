import type { PartialDecomposition } from '../../functions/contract/decomposition.ts';

/** Of a group_by without aggregates: nothing is merged but the number of rows. */
export const noAggregates: PartialDecomposition = {
  mode: 'partial',
  states: [],
  gathered: [],
  derived: [],
  values: [],
  outputs: [],
  rows: { name: 'daybreak_rows', partial: 'count(*)', single: 'CAST(1 AS BIGINT)' },
};
