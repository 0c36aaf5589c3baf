import { SQL_FUNCTIONS } from '../contract/sql-functions.ts';
import type { FunctionNode } from './expression.ts';

/**
 * How each aggregate of the allow-list is computed from the parts of a group, by the name that DuckDB resolves it to.
 * `holistic`: all rows of a group must meet. `ignoresDistinct`: the same rows twice change nothing, so DISTINCT may
 * be left away.
 */
export type AggregateRule =
  | { readonly merge: 'algebraic'; readonly state: StateKind; readonly ignoresDistinct?: true }
  | { readonly merge: 'holistic' };

/**
 * What is kept of the rows of a part. `sum`, `average`, `extreme`, `bits` …: merged by the same function. `moments` of
 * one variable and `comoments` of two: count, means and centred sums, merged pairwise. `power sums`: as the engine
 * itself keeps them.
 */
export type StateKind =
  | 'average'
  | 'bits'
  | 'bit positions'
  | 'comoments'
  | 'compensated average'
  | 'compensated sum'
  | 'count'
  | 'count of true'
  | 'extreme'
  | 'macro'
  | 'moments'
  | 'power sums'
  | 'product'
  | 'sum';

const holistic = { merge: 'holistic' } as const;
const by = (state: StateKind) => ({ merge: 'algebraic', state }) as const;
const idempotent = (state: StateKind) => ({ merge: 'algebraic', state, ignoresDistinct: true }) as const;

export const AGGREGATE_RULES = {
  any_value: holistic,
  approx_count_distinct: holistic,
  arg_max: holistic,
  arg_max_null: holistic,
  arg_max_nulls_last: holistic,
  arg_min: holistic,
  arg_min_null: holistic,
  arg_min_nulls_last: holistic,
  avg: by('average'),
  bit_and: idempotent('bits'),
  bit_or: idempotent('bits'),
  bit_xor: by('bits'),
  bitstring_agg: idempotent('bit positions'),
  bool_and: idempotent('extreme'),
  bool_or: idempotent('extreme'),
  corr: by('comoments'),
  count: by('count'),
  count_if: by('count of true'),
  count_star: by('count'),
  covar_pop: by('comoments'),
  covar_samp: by('comoments'),
  entropy: holistic,
  favg: by('compensated average'),
  first: holistic,
  geomean: by('macro'),
  histogram: holistic,
  histogram_exact: holistic,
  kahan_sum: by('compensated sum'),
  kurtosis: by('power sums'),
  kurtosis_pop: by('power sums'),
  last: holistic,
  list: holistic,
  mad: holistic,
  max: idempotent('extreme'),
  median: holistic,
  min: idempotent('extreme'),
  mode: holistic,
  product: by('product'),
  quantile_cont: holistic,
  quantile_disc: holistic,
  regr_avgx: by('comoments'),
  regr_avgy: by('comoments'),
  regr_count: by('comoments'),
  regr_intercept: by('comoments'),
  regr_r2: by('comoments'),
  regr_slope: by('comoments'),
  regr_sxx: by('comoments'),
  regr_sxy: by('comoments'),
  regr_syy: by('comoments'),
  sem: by('moments'),
  skewness: by('power sums'),
  stddev_pop: by('moments'),
  stddev_samp: by('moments'),
  string_agg: holistic,
  sum: by('sum'),
  var_pop: by('moments'),
  var_samp: by('moments'),
  weighted_avg: by('macro'),
} as const satisfies Readonly<Record<string, AggregateRule>>;

export type AggregateName = keyof typeof AGGREGATE_RULES;

const isAggregateName = (name: string): name is AggregateName => Object.hasOwn(AGGREGATE_RULES, name);

/** The name in the table of rules; undefined where the function is no aggregate of the allow-list. */
export const canonicalAggregate = (name: string): AggregateName | undefined => {
  const known = SQL_FUNCTIONS.get(name);
  if (known?.kind !== 'aggregate') return undefined;
  if (!isAggregateName(known.canonical)) throw new Error(`the aggregate ${known.canonical} has no rule`);
  return known.canonical;
};

/** The rule of a call's function. Throws where it is no aggregate. */
export const ruleOf = (call: FunctionNode): AggregateRule => {
  const name = canonicalAggregate(call.name);
  if (name === undefined) throw new Error(`${call.name} is no aggregate`);
  return AGGREGATE_RULES[name];
};
