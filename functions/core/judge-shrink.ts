/** Below this many rows a sample says nothing, and nothing is lost either way. */
const LEAST_SAMPLE_ROWS = 1_000;

/** Groups per row from which a first half of a group_by costs more than it saves the shuffle. */
const HARDLY_SHRINKS = 0.75;

/** Halvings of the interval in which the number of groups is looked for: enough for a factor of 2^-40. */
const BISECTIONS = 60;

/** Groups that n rows show, drawn evenly from D: D (1 - e^(-n/D)). */
const expectedGroups = (groups: number, rows: number): number => groups * -Math.expm1(-rows / groups);

/**
 * How many groups there are where `rows` rows showed `seen`, if rows fall on groups evenly: Infinity where each row
 * was a group of its own. Solves the expectation above by bisection.
 */
export const estimateGroups = (rows: number, seen: number): number => {
  if (seen >= rows) return Number.POSITIVE_INFINITY;
  let [low, high] = [Math.max(seen, 1), Math.max(rows, 1) ** 2];
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = Math.sqrt(low * high);
    if (expectedGroups(middle, rows) < seen) low = middle;
    else high = middle;
  }
  return high;
};

/**
 * Whether it pays that a task of `taskRows` rows groups them before they move, judged by the first rows of the
 * input. Only the cost depends on it: the result is the same either way.
 */
export const shrinksInTask = (sample: {
  readonly rows: number;
  readonly groups: number;
  readonly taskRows: number;
}): boolean => {
  if (sample.rows < LEAST_SAMPLE_ROWS) return true;
  const groups = estimateGroups(sample.rows, sample.groups);
  const inTask = Number.isFinite(groups) ? expectedGroups(groups, sample.taskRows) : sample.taskRows;
  return inTask < HARDLY_SHRINKS * sample.taskRows;
};
