import type { AggregateName } from '../core/aggregate-rules.ts';
import {
  addArgumentCount,
  addSum,
  argument,
  asDouble,
  type Call,
  type CallValue,
  divide,
  isPresent,
} from './call-states.ts';
import { addComoments, addMoments, addPresent, type Comoments, renderWhere } from './moment-states.ts';
import { quoteText } from './quote.ts';
import type { Drafts } from './state-drafts.ts';

const NAN = `CAST('nan' AS DOUBLE)`;

/** Fails as DuckDB does where a value is beyond DOUBLE. */
const finite = (what: string, sql: string): string =>
  `(CASE WHEN isfinite(${sql}) THEN ${sql} ELSE error(${quoteText(`${what} is out of range!`)}) END)`;

/** Of a population; of one row it is 0, even of an infinite one. */
const varianceOf = (n: string, squares: string): string =>
  `(CASE WHEN ${n} > 1 THEN ${squares} / ${n} ELSE 0 END)`;

export const addVariance = (drafts: Drafts, call: Call): CallValue => {
  const value = renderWhere(call.conditions, asDouble(argument(call)));
  const n = addArgumentCount(drafts, call);
  const { mean, squares } = addMoments(drafts, n, value);
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
export const addPowerSums = (drafts: Drafts, call: Call): CallValue => {
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
    const sql = `CASE WHEN ${count} <= 2 THEN NULL WHEN ${root} = 0 THEN ${NAN} ELSE ${finite('SKEW', skew)} END`;
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
export const addRegression = (drafts: Drafts, call: Call): CallValue => {
  const [first = '', second = ''] = call.args;
  const y = renderWhere([...call.conditions, isPresent(second)], asDouble(first));
  const x = renderWhere([...call.conditions, isPresent(first)], asDouble(second));
  const n = addPresent(drafts, x);
  switch (call.name) {
    case 'regr_count':
      return { sql: `CAST(${n} AS UINTEGER)`, uses: [n] };
    case 'regr_avgx':
    case 'regr_avgy': {
      const variable = call.name === 'regr_avgx' ? x : y;
      const sum = addSum(drafts, { ...call, args: [variable], conditions: [] }, 'sum', 'DOUBLE');
      return divide(sum, n);
    }
    case 'regr_sxx':
    case 'regr_syy': {
      const { mean, squares } = addMoments(drafts, n, call.name === 'regr_sxx' ? x : y);
      const sum = finite(call.name.toUpperCase(), `(${varianceOf(n, squares)} * ${n})`);
      return { sql: `CASE WHEN ${n} > 0 THEN ${sum} END`, uses: [n, mean, squares] };
    }
    default:
      return addLine(call, n, addComoments(drafts, n, { y, x }));
  }
};

/** What depends on how y and x vary together. */
const addLine = ({ name }: Call, n: string, states: Comoments): CallValue => {
  const { meanX, meanY } = states;
  const products = states.products();
  const value = (sql: string, ...uses: readonly string[]): CallValue => ({
    sql: `CASE WHEN ${n} > ${name === 'covar_samp' ? 1 : 0} THEN ${sql} END`,
    uses: [n, meanX, meanY, products, ...uses],
  });
  if (name === 'regr_sxy') return value(products);
  if (name === 'covar_pop') return value(`${products} / ${n}`);
  if (name === 'covar_samp') return value(`${products} / (${n} - 1)`);
  const squaresX = states.squaresX();
  const varX = finite('VARPOP(X)', varianceOf(n, squaresX));
  const slope = `(CASE WHEN ${varX} <> 0 THEN ${products} / ${n} / ${varX} ELSE ${NAN} END)`;
  if (name === 'regr_slope') return value(slope, squaresX);
  if (name === 'regr_intercept')
    return value(`CASE WHEN NOT isnan(${slope}) THEN ${meanY} - ${slope} * ${meanX} END`, squaresX);
  const squaresY = states.squaresY();
  const varY = finite('VARPOP(Y)', varianceOf(n, squaresY));
  const spread = `(sqrt(${varX}) * sqrt(${varY}))`;
  const corr = `(CASE WHEN ${spread} <> 0 THEN ${products} / ${n} / ${spread} ELSE ${NAN} END)`;
  if (name === 'corr') return value(corr, squaresX, squaresY);
  if (name !== 'regr_r2') throw new Error(`${name} has no formula`);
  const r2 = `CASE WHEN ${varX} = 0 THEN NULL WHEN ${varY} = 0 THEN 1 ELSE pow(${corr}, 2) END`;
  return value(r2, squaresX, squaresY);
};
