/**
 * Names of workers as a page shows them: what all have in common up to a hyphen is left out, so that
 * `812-9f3a11c2-0` and `812-9f3a11c2-1` become `worker 0` and `worker 1`. A worker that is alone is
 * `worker`. No two become the same.
 */
export const nameWorkers = (workers: readonly string[]): ReadonlyMap<string, string> => {
  const distinct = [...new Set(workers)];
  const [first = ''] = distinct;
  if (distinct.length === 1) return new Map([[first, 'worker']]);
  const common = commonLength(first, distinct);
  const prefix = first.slice(0, common).lastIndexOf('-') + 1;
  return new Map(
    distinct.map((worker) => [worker, prefix === 0 ? worker : `worker ${worker.slice(prefix)}`]),
  );
};

const commonLength = (first: string, others: readonly string[]): number =>
  others.reduce((length, other) => {
    let same = 0;
    while (same < length && first[same] === other[same]) same += 1;
    return same;
  }, first.length);
