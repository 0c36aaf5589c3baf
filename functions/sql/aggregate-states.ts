import { type AggregateName, canonicalAggregate, ruleOf } from '../core/aggregate-rules.ts';
import type { FunctionNode } from '../core/expression.ts';
import {
  addComoments,
  addCount,
  addMoments,
  renderFilter,
  renderWhere,
  type Variable,
} from './moment-states.ts';
import { quoteText } from './quote.ts';
import { renderExpression } from './render-expression.ts';
import { addState, type Drafts, gather } from './state-drafts.ts';

/** A call's value over merged states, and the states that it reads. */
export type CallValue = { readonly sql: string; readonly uses: readonly string[] };

type Call = {
  readonly name: AggregateName;
  readonly args: readonly string[];
  readonly conditions: readonly string[];
  /** Of the call over the whole. */
  readonly type: string;
};

/**
 * Adds the states of an algebraic call; undefined where its value type has none (an average of intervals).
 * `type` is the call's own as DuckDB names it.
 */
export const addCallStates = (drafts: Drafts, node: FunctionNode, type: string): CallValue | undefined => {
  const name = canonicalAggregate(node.name);
  const rule = ruleOf(node);
  if (name === undefined || rule.merge === 'holistic') throw new Error(`${node.name} has no states`);
  const args = node.children.map(({ value }) => renderExpression(value));
  const conditions = node.filter === undefined ? [] : [renderExpression(node.filter)];
  const call: Call = { name, args, conditions, type };
  switch (rule.state) {
    case 'count':
      return read(addCount(drafts, [...conditions, ...args.map(isPresent)]));
    case 'count of true': {
      // NULL where there is no row that is true or false: a sum, after all.
      const single = `CAST(CAST(${argument(call)} AS BOOLEAN) AS HUGEINT)`;
      return read(addSame(drafts, call, { single, merge: 'sum' }));
    }
    case 'sum':
      return read(addSame(drafts, call, { single: `CAST(${argument(call)} AS ${type})` }));
    case 'product':
    case 'compensated sum':
      return read(addSame(drafts, call, { single: `CAST(${argument(call)} AS DOUBLE)` }));
    case 'bits':
      return read(addSame(drafts, call, { single: argument(call) }));
    case 'extreme':
      return read(call.args.length === 1 ? addExtreme(drafts, call) : addMost(drafts, call));
    case 'bit positions':
      return read(addBitPositions(drafts, call));
    case 'average':
      return addAverage(drafts, call);
    case 'compensated average':
      return divide(addSum(drafts, call, 'fsum', 'DOUBLE'), addArgumentCount(drafts, call));
    case 'moments':
      return addVariance(drafts, call);
    case 'power sums':
      return addPowerSums(drafts, call);
    case 'comoments':
      return addRegression(drafts, call);
    case 'macro':
      throw new Error(`the macro ${name} was not expanded`);
  }
};

const read = (state: string): CallValue => ({ sql: state, uses: [state] });
const argument = ({ name, args }: Call): string => {
  const [first] = args;
  if (first === undefined) throw new Error(`${name} was called without an argument`);
  return first;
};
const isPresent = (sql: string): string => `(${sql} IS NOT NULL)`;
const asDouble = (sql: string): string => `CAST(${sql} AS DOUBLE)`;

const renderCall = ({ name, args, conditions }: Call): string =>
  `${name}(${args.join(', ')})${renderFilter(conditions)}`;

/** A state that the same function merges. */
const addSame = (
  drafts: Drafts,
  call: Call,
  { single, merge = call.name }: { readonly single: string; readonly merge?: string },
): string =>
  addState(
    drafts,
    {
      partial: renderCall(call),
      single: renderWhere(call.conditions, single),
    },
    (state) => {
      const merged = gather(drafts, `${merge}(${state})`, state);
      return { sql: merged, uses: [merged] };
    },
  );

const addExtreme = (drafts: Drafts, call: Call): string => {
  // DuckDB has no CASE over arrays, but one over lists of them.
  if (!/\[\d+\]$/.test(call.type)) return addSame(drafts, call, { single: argument(call) });
  const single = `(${renderWhere(call.conditions, `[${argument(call)}]`)})[1]`;
  return addState(drafts, { partial: renderCall(call), single }, (state) => {
    const merged = gather(drafts, `${call.name}(${state})`, state);
    return { sql: merged, uses: [merged] };
  });
};

/** `max(x, n)`: the n greatest of the n greatest of the parts. */
const addMost = (drafts: Drafts, call: Call): string => {
  const { name, conditions } = call;
  const [value = '', limit = ''] = call.args;
  return addState(
    drafts,
    {
      partial: renderCall(call),
      single: renderWhere([...conditions, isPresent(value)], `[${value}]`),
    },
    (state) => {
      const lists = gather(drafts, `list(${state}) FILTER (WHERE ${state} IS NOT NULL)`, state);
      const order = name === 'max' ? 'DESC' : 'ASC';
      return {
        sql: `list_slice(list_sort(flatten(${lists}), '${order}', 'NULLS LAST'), 1, ${limit})`,
        uses: [lists],
      };
    },
  );
};

const addBitPositions = (drafts: Drafts, call: Call): string => {
  const [value = '', least = '', greatest = ''] = call.args;
  const zeros = `bitstring('0', CAST(${greatest} - ${least} + 1 AS INTEGER))`;
  return addSame(drafts, call, {
    single: renderWhere([isPresent(value)], `set_bit(${zeros}, CAST(${value} - ${least} AS INTEGER), 1)`),
    merge: 'bit_or',
  });
};

const addArgumentCount = (drafts: Drafts, call: Call): string =>
  addCount(drafts, [...call.conditions, isPresent(argument(call))]);

const addSum = (drafts: Drafts, call: Call, sum: 'sum' | 'fsum', type: string | undefined): string => {
  const value = argument(call);
  return addState(
    drafts,
    {
      partial: `${sum}(${value})${renderFilter(call.conditions)}`,
      // The sum of one row has the type of a sum, which list_sum gives where it is not known by name.
      single: renderWhere(
        call.conditions,
        type === undefined ? `list_sum([${value}])` : `CAST(${value} AS ${type})`,
      ),
    },
    (state) => {
      const merged = gather(drafts, `${sum}(${state})`, state);
      return { sql: merged, uses: [merged] };
    },
  );
};

const divide = (sum: string, count: string): CallValue => ({
  sql: `CASE WHEN ${count} > 0 THEN ${asDouble(sum)} / ${count} END`,
  uses: [sum, count],
});

const GREATEST_MICROSECONDS = '9223372036854775807';

/** How DuckDB's averages of moments are read as microseconds, where infinite ones are the extremes, and made again. */
const MOMENTS: Readonly<Record<string, { readonly read: (sql: string) => string; readonly make: string }>> = {
  TIMESTAMP: { read: (sql) => readInstant('TIMESTAMP', sql), make: 'make_timestamp' },
  'TIMESTAMP WITH TIME ZONE': {
    read: (sql) => readInstant('TIMESTAMP WITH TIME ZONE', sql),
    make: 'make_timestamptz',
  },
};

const readInstant = (type: string, sql: string): string => {
  const instant = `CAST(${sql} AS ${type})`;
  return `CASE ${instant} WHEN CAST('infinity' AS ${type}) THEN ${GREATEST_MICROSECONDS} WHEN CAST('-infinity' AS ${type}) THEN -${GREATEST_MICROSECONDS} ELSE epoch_us(${instant}) END`;
};

const addAverage = (drafts: Drafts, call: Call): CallValue | undefined => {
  if (call.type === 'DOUBLE')
    return divide(addSum(drafts, call, 'sum', undefined), addArgumentCount(drafts, call));
  const moment = MOMENTS[call.type];
  if (moment === undefined && call.type !== 'TIME') return undefined;
  const value =
    moment === undefined ? `epoch_us(CAST(${argument(call)} AS TIME))` : moment.read(argument(call));
  const micros = { ...call, args: [`CAST(${value} AS HUGEINT)`] };
  const sum = addSum(drafts, micros, 'sum', 'HUGEINT');
  const count = addArgumentCount(drafts, call);
  // As DuckDB rounds them: half and less down.
  const mean = `(${sum} // ${count} + CASE WHEN ${sum} % ${count} > ${count} // 2 THEN 1 ELSE 0 END)`;
  const made =
    moment === undefined
      ? `CASE WHEN ${mean} = 86400000000 THEN TIME '24:00:00' ELSE TIME '00:00:00' + to_microseconds(CAST(${mean} AS BIGINT)) END`
      : `CASE ${mean} WHEN ${GREATEST_MICROSECONDS} THEN CAST('infinity' AS ${call.type}) WHEN -${GREATEST_MICROSECONDS} THEN CAST('-infinity' AS ${call.type}) ELSE ${moment.make}(CAST(${mean} AS BIGINT)) END`;
  return { sql: `CASE WHEN ${count} > 0 THEN ${made} END`, uses: [sum, count] };
};

/** Fails as DuckDB does where a value is beyond DOUBLE. */
const finite = (what: string, sql: string): string =>
  `(CASE WHEN isfinite(${sql}) THEN ${sql} ELSE error(${quoteText(`${what} is out of range!`)}) END)`;

/** Of a population; of one row it is 0, even of an infinite one. */
const varianceOf = (n: string, squares: string): string =>
  `(CASE WHEN ${n} > 1 THEN ${squares} / ${n} ELSE 0 END)`;

const addVariance = (drafts: Drafts, call: Call): CallValue => {
  const value = argument(call);
  const { n, mean, squares } = addMoments(drafts, {
    sql: asDouble(value),
    conditions: [...call.conditions, isPresent(value)],
  });
  const sample = `${squares} / (${n} - 1)`;
  const population = varianceOf(n, squares);
  const formulas: Partial<Record<AggregateName, readonly [least: number, what: string, sql: string]>> = {
    var_samp: [2, 'VARSAMP', sample],
    var_pop: [1, 'VARPOP', population],
    stddev_samp: [2, 'STDDEV_SAMP', `sqrt(${sample})`],
    stddev_pop: [1, 'STDDEV_POP', `sqrt(${population})`],
    sem: [1, 'SEM', `sqrt(${squares} / ${n}) / sqrt(${n})`],
  };
  const formula = formulas[call.name];
  if (formula === undefined) throw new Error(`${call.name} has no formula`);
  const [least, what, sql] = formula;
  return { sql: `CASE WHEN ${n} >= ${least} THEN ${finite(what, sql)} END`, uses: [n, mean, squares] };
};

/** @see DuckDB's skew.cpp and kurtosis.cpp, whose sums and formulas these are */
const addPowerSums = (drafts: Drafts, call: Call): CallValue => {
  const x = asDouble(argument(call));
  const count = addArgumentCount(drafts, call);
  const [s1, s2, s3] = [1, 2, 3].map((power) =>
    addSum(drafts, { ...call, args: [power === 1 ? x : `pow(${x}, ${power})`] }, 'sum', 'DOUBLE'),
  );
  const n = asDouble(count);
  const spread = `(${s2} - ${s1} * ${s1} / ${n})`;
  if (call.name === 'skewness') {
    const root = `sqrt(greatest(pow(${spread} / ${n}, 3), 0))`;
    const cubes = `(${s3} - 3 * ${s2} * ${s1} / ${n} + 2 * pow(${s1}, 3) / ${n} / ${n})`;
    const skew = `sqrt(${n} * (${n} - 1)) / (${n} - 2) * ${cubes} / ${n} / ${root}`;
    const sql = `CASE WHEN ${count} <= 2 THEN NULL WHEN ${root} = 0 THEN CAST('nan' AS DOUBLE) ELSE ${finite('SKEW', skew)} END`;
    return { sql, uses: [count, s1, s2, s3].filter((name) => name !== undefined) };
  }
  const s4 = addSum(drafts, { ...call, args: [`pow(${x}, 4)`] }, 'sum', 'DOUBLE');
  const m2 = `(${spread} / ${n})`;
  const m4 = `((${s4} - 4 * ${s3} * ${s1} / ${n} + 6 * ${s2} * ${s1} * ${s1} / ${n} / ${n} - 3 * pow(${s1}, 4) / pow(${n}, 3)) / ${n})`;
  const isSample = call.name === 'kurtosis';
  const kurtosis = isSample
    ? `(${n} - 1) * ((${n} + 1) * ${m4} / (${m2} * ${m2}) - 3 * (${n} - 1)) / ((${n} - 2) * (${n} - 3))`
    : `${m4} / (${m2} * ${m2}) - 3`;
  const sql = `CASE WHEN ${count} <= ${isSample ? 3 : 1} OR ${m2} <= 0 THEN NULL ELSE ${finite('Kurtosis', kurtosis)} END`;
  return { sql, uses: [count, s1, s2, s3, s4].filter((name) => name !== undefined) };
};

/** Over the rows in which both y and x are there. @see DuckDB's core_functions/aggregate/regression */
const addRegression = (drafts: Drafts, call: Call): CallValue => {
  const [first = '', second = ''] = call.args;
  const conditions = [...call.conditions, isPresent(first), isPresent(second)];
  const y: Variable = { sql: asDouble(first), conditions };
  const x: Variable = { sql: asDouble(second), conditions };
  const states = addComoments(drafts, y, x);
  const n = states.n();
  const value = (least: number, uses: readonly string[], sql: string): CallValue => ({
    sql: `CASE WHEN ${n} >= ${least} THEN ${sql} END`,
    uses: [n, ...uses],
  });
  const mean = (variable: Variable): CallValue => {
    const sum = addSum(drafts, { ...call, args: [variable.sql], conditions }, 'sum', 'DOUBLE');
    return divide(sum, n);
  };
  switch (call.name) {
    case 'regr_count':
      return { sql: `CAST(${n} AS UINTEGER)`, uses: [n] };
    case 'regr_avgx':
      return mean(x);
    case 'regr_avgy':
      return mean(y);
    case 'regr_sxx':
      return value(
        1,
        [states.squaresX()],
        finite('REGR_SXX', `(${varianceOf(n, states.squaresX())} * ${n})`),
      );
    case 'regr_syy':
      return value(
        1,
        [states.squaresY()],
        finite('REGR_SYY', `(${varianceOf(n, states.squaresY())} * ${n})`),
      );
    case 'regr_sxy':
      return value(1, [states.products()], states.products());
    case 'covar_pop':
      return value(1, [states.products()], `${states.products()} / ${n}`);
    case 'covar_samp':
      return value(2, [states.products()], `${states.products()} / (${n} - 1)`);
    default: {
      const [products, squaresX] = [states.products(), states.squaresX()];
      const varX = finite('VARPOP(X)', varianceOf(n, squaresX));
      if (call.name === 'regr_slope') return value(1, [products, squaresX], slopeOf(n, products, varX));
      if (call.name === 'regr_intercept') {
        const [meanX, meanY] = [states.meanX(), states.meanY()];
        const slope = slopeOf(n, products, varX);
        const line = `CASE WHEN NOT isnan(${slope}) THEN ${meanY} - ${slope} * ${meanX} END`;
        return value(1, [products, squaresX, meanX, meanY], line);
      }
      const squaresY = states.squaresY();
      const varY = finite('VARPOP(Y)', varianceOf(n, squaresY));
      const spread = `(sqrt(${varX}) * sqrt(${varY}))`;
      const corr = `CASE WHEN ${spread} <> 0 THEN ${products} / ${n} / ${spread} ELSE CAST('nan' AS DOUBLE) END`;
      const uses = [products, squaresX, squaresY];
      if (call.name === 'corr') return value(1, uses, corr);
      if (call.name !== 'regr_r2') throw new Error(`${call.name} has no formula`);
      return value(
        1,
        uses,
        `CASE WHEN ${varX} = 0 THEN NULL WHEN ${varY} = 0 THEN 1 ELSE pow(${corr}, 2) END`,
      );
    }
  }
};

const slopeOf = (n: string, products: string, varX: string): string =>
  `(CASE WHEN ${varX} <> 0 THEN ${products} / ${n} / (${varX}) ELSE CAST('nan' AS DOUBLE) END)`;
