import { addState, type Drafts, derive, gather } from './state-drafts.ts';

export const renderFilter = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;

export const renderWhere = (conditions: readonly string[], value: string, otherwise = 'NULL'): string =>
  conditions.length === 0
    ? value
    : `CASE WHEN ${conditions.join(' AND ')} THEN ${value} ELSE ${otherwise} END`;

/** The number of rows for which all conditions hold, as BIGINT. */
export const addCount = (drafts: Drafts, conditions: readonly string[]): string =>
  addState(
    drafts,
    {
      partial: `count(*)${renderFilter(conditions)}`,
      single: `CAST(${renderWhere(conditions, '1', '0')} AS BIGINT)`,
    },
    (name) => {
      const total = gather(drafts, `sum(${name})`, name);
      return { sql: `CAST(coalesce(${total}, 0) AS BIGINT)`, uses: [total] };
    },
  );

/** A variable, in SQL that is a DOUBLE. */
export type Variable = { readonly sql: string; readonly conditions: readonly string[] };

/**
 * The mean of a variable, for the moments around it. Rows that are all equal have exactly their value as mean, so
 * that their variance is exactly 0, as it is in DuckDB.
 */
const addMean = (drafts: Drafts, count: string, { sql, conditions }: Variable): string => {
  const filter = renderFilter(conditions);
  const least = `min(${sql})${filter}`;
  return addState(
    drafts,
    {
      partial: `CASE WHEN ${least} = max(${sql})${filter} THEN ${least} ELSE favg(${sql})${filter} END`,
      single: renderWhere(conditions, sql),
    },
    (name) => {
      const mean = deriveMean(drafts, count, name);
      return { sql: mean, uses: [mean] };
    },
  );
};

/**
 * Means are merged as differences from one of them, weighted: parts of equal mean keep it exactly, and nothing
 * overflows that does not have to.
 * @see Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances (1979)
 */
const deriveMean = (drafts: Drafts, count: string, mean: string): string => {
  const total = gather(drafts, `CAST(sum(${count}) AS DOUBLE)`, count);
  const pivot = gather(drafts, `any_value(${mean})`, mean);
  const parts = gather(
    drafts,
    `list({'n': CAST(${count} AS DOUBLE), 'x': ${mean}}) FILTER (WHERE ${count} > 0)`,
    count,
    mean,
  );
  const part = `${drafts.prefix}p`;
  const weighted = `list_transform(${parts}, lambda ${part}: (${part}.x - ${pivot}) * (${part}.n / ${total}))`;
  return derive(drafts, `${pivot} + list_sum(${weighted})`, total, pivot, parts);
};

/** The sum of products of the differences of two variables (or of one, twice) from their means. */
const addCentredSum = (
  drafts: Drafts,
  count: string,
  [one, other]: readonly [Variable, Variable],
  [oneMean, otherMean]: readonly [string, string],
): string => {
  const { conditions } = one;
  // covar_pop, unlike var_pop, raises nothing on infinity: the final formula judges, as DuckDB's own does.
  const filter = renderFilter(conditions);
  return addState(
    drafts,
    {
      partial: `covar_pop(${one.sql}, ${other.sql})${filter} * count(*)${filter}`,
      single: renderWhere(conditions, 'CAST(0 AS DOUBLE)'),
    },
    (name) => {
      const within = gather(drafts, `sum(${name})`, name);
      const total = deriveMean(drafts, count, oneMean);
      const otherTotal = deriveMean(drafts, count, otherMean);
      const parts = gather(
        drafts,
        `list({'n': CAST(${count} AS DOUBLE), 'x': ${oneMean}, 'y': ${otherMean}}) FILTER (WHERE ${count} > 0)`,
        count,
        oneMean,
        otherMean,
      );
      const part = `${drafts.prefix}p`;
      const between = `list_transform(${parts}, lambda ${part}: ${part}.n * (${part}.x - ${total}) * (${part}.y - ${otherTotal}))`;
      return {
        sql: `${within} + list_sum(${between})`,
        uses: [within, parts, total, otherTotal],
      };
    },
  );
};

/** Names of the states of one variable: count, mean, sum of squared differences from it. */
export type Moments = { readonly n: string; readonly mean: string; readonly squares: string };

export const addMoments = (drafts: Drafts, variable: Variable): Moments => {
  const n = addCount(drafts, variable.conditions);
  const mean = addMean(drafts, n, variable);
  return { n, mean, squares: addCentredSum(drafts, n, [variable, variable], [mean, mean]) };
};

/** States of two variables, each added when it is first asked for. */
export type Comoments = {
  readonly n: () => string;
  readonly meanX: () => string;
  readonly meanY: () => string;
  readonly squaresX: () => string;
  readonly squaresY: () => string;
  readonly products: () => string;
};

export const addComoments = (drafts: Drafts, y: Variable, x: Variable): Comoments => {
  const n = () => addCount(drafts, x.conditions);
  const meanX = () => addMean(drafts, n(), x);
  const meanY = () => addMean(drafts, n(), y);
  return {
    n,
    meanX,
    meanY,
    squaresX: () => addCentredSum(drafts, n(), [x, x], [meanX(), meanX()]),
    squaresY: () => addCentredSum(drafts, n(), [y, y], [meanY(), meanY()]),
    products: () => addCentredSum(drafts, n(), [y, x], [meanY(), meanX()]),
  };
};
