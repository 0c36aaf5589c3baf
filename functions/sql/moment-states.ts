import { addState, type Drafts, derive, gather } from './state-drafts.ts';

export const renderFilter = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;

export const renderWhere = (conditions: readonly string[], value: string, otherwise = 'NULL'): string =>
  conditions.length === 0
    ? value
    : `CASE WHEN ${conditions.join(' AND ')} THEN ${value} ELSE ${otherwise} END`;

/** The number of rows for which all conditions hold, as BIGINT. */
export const addCount = (drafts: Drafts, conditions: readonly string[]): string =>
  addCounts(drafts, `count(*)${renderFilter(conditions)}`, renderWhere(conditions, '1', '0'));

/** The number of rows in which a value is there, as BIGINT. */
export const addPresent = (drafts: Drafts, value: string, conditions: readonly string[] = []): string =>
  addCounts(
    drafts,
    `count(${value})${renderFilter(conditions)}`,
    renderWhere([...conditions, `(${value} IS NOT NULL)`], '1', '0'),
  );

const addCounts = (drafts: Drafts, partial: string, single: string): string =>
  addState(drafts, { partial, single: `CAST(${single} AS BIGINT)` }, (name) => {
    const total = gather(drafts, `sum(${name})`, name);
    return { sql: `CAST(coalesce(${total}, 0) AS BIGINT)`, uses: [total] };
  });

/** The parts of a group: their count, and their means of one variable or two. */
type Parts = { readonly count: string; readonly means: { readonly x: string; readonly y?: string } };
type Axis = 'x' | 'y';

/** The name of the list of a group's parts; each has `n` and its means. */
const gatherParts = (drafts: Drafts, { count, means }: Parts): string => {
  const names = Object.entries(means);
  const fields = names.map(([axis, mean]) => `'${axis}': ${mean}`);
  return gather(
    drafts,
    `list({'n': CAST(${count} AS DOUBLE), ${fields.join(', ')}}) FILTER (WHERE ${count} > 0)`,
    count,
    ...names.map(([, mean]) => mean),
  );
};

/**
 * The mean of a variable, for the moments around it. Rows that are all equal have exactly their value as mean, so
 * that their variance is exactly 0, as it is in DuckDB.
 */
const addMean = (drafts: Drafts, variable: string, merge: () => string): string => {
  const least = `min(${variable})`;
  const partial = `CASE WHEN ${least} = max(${variable}) THEN ${least} ELSE favg(${variable}) END`;
  return addState(drafts, { partial, single: variable }, () => {
    const mean = merge();
    return { sql: mean, uses: [mean] };
  });
};

/**
 * Means are merged as differences from one of them, weighted: parts of equal mean keep it exactly, and nothing
 * overflows that does not have to.
 * @see Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances (1979)
 */
const deriveMean = (drafts: Drafts, parts: Parts, axis: Axis): string => {
  const mean = parts.means[axis];
  if (mean === undefined) throw new Error(`parts of a group have no mean of ${axis}`);
  const total = gather(drafts, `CAST(sum(${parts.count}) AS DOUBLE)`, parts.count);
  const pivot = gather(drafts, `any_value(${mean})`, mean);
  const list = gatherParts(drafts, parts);
  const part = `${drafts.prefix}p`;
  const weighted = `list_transform(${list}, lambda ${part}: (${part}.${axis} - ${pivot}) * (${part}.n / ${total}))`;
  return derive(drafts, `${pivot} + list_sum(${weighted})`, total, pivot, list);
};

/** The sum of products of the differences of two variables (or of one, twice) from their means. */
const addCentredSum = (
  drafts: Drafts,
  [[one, oneAxis], [other, otherAxis]]: readonly [readonly [string, Axis], readonly [string, Axis]],
  parts: () => Parts,
): string => {
  // covar_pop, unlike var_pop, raises nothing on infinity: the final formula judges, as DuckDB's own does.
  const partial = `covar_pop(${one}, ${other}) * count(${one})`;
  const single = `CASE WHEN ${one} IS NOT NULL THEN CAST(0 AS DOUBLE) END`;
  return addState(drafts, { partial, single }, (name) => {
    const within = gather(drafts, `sum(${name})`, name);
    const means = [deriveMean(drafts, parts(), oneAxis), deriveMean(drafts, parts(), otherAxis)];
    const list = gatherParts(drafts, parts());
    const part = `${drafts.prefix}p`;
    const between = `${part}.n * (${part}.${oneAxis} - ${means[0]}) * (${part}.${otherAxis} - ${means[1]})`;
    return {
      sql: `${within} + list_sum(list_transform(${list}, lambda ${part}: ${between}))`,
      uses: [within, list, ...means],
    };
  });
};

/** Names of the states of one variable: mean, sum of squared differences from it. */
export type Moments = { readonly mean: string; readonly squares: string };

/**
 * `n`: the state that counts. `variable`: SQL of a DOUBLE, NULL in rows that do not count: by a CASE, which costs
 * far less than FILTER does.
 */
export const addMoments = (drafts: Drafts, n: string, variable: string): Moments => {
  const mean: string = addMean(drafts, variable, () => deriveMean(drafts, parts(), 'x'));
  const parts = (): Parts => ({ count: n, means: { x: mean } });
  const squares = addCentredSum(
    drafts,
    [
      [variable, 'x'],
      [variable, 'x'],
    ],
    parts,
  );
  return { mean, squares };
};

/** Names of the states of two variables over the same rows; sums are added when they are first asked for. */
export type Comoments = {
  readonly meanX: string;
  readonly meanY: string;
  readonly squaresX: () => string;
  readonly squaresY: () => string;
  readonly products: () => string;
};

/** As {@link addMoments}; `y` and `x` are NULL in the same rows. */
export const addComoments = (
  drafts: Drafts,
  n: string,
  { y, x }: { readonly y: string; readonly x: string },
): Comoments => {
  const meanX: string = addMean(drafts, x, () => deriveMean(drafts, parts(), 'x'));
  const meanY: string = addMean(drafts, y, () => deriveMean(drafts, parts(), 'y'));
  const parts = (): Parts => ({ count: n, means: { x: meanX, y: meanY } });
  return {
    meanX,
    meanY,
    squaresX: () =>
      addCentredSum(
        drafts,
        [
          [x, 'x'],
          [x, 'x'],
        ],
        parts,
      ),
    squaresY: () =>
      addCentredSum(
        drafts,
        [
          [y, 'y'],
          [y, 'y'],
        ],
        parts,
      ),
    products: () =>
      addCentredSum(
        drafts,
        [
          [y, 'y'],
          [x, 'x'],
        ],
        parts,
      ),
  };
};
