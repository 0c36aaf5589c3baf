/** Halvings of the span between an even share and everything: far finer than the sizes of files vary. */
const HALVINGS = 24;

/**
 * Finds the smallest target, from an even share of `totalBytes` on, at which `plan` gives at most `tasks`
 * slices, and returns these: what is cut evenly gives just as many, what cannot be cut gives fewer.
 */
export const fitSlices = <Slice>(
  wanted: { readonly tasks: number; readonly totalBytes: number },
  plan: (targetBytes: number) => readonly Slice[],
): readonly Slice[] => {
  let low = wanted.totalBytes / wanted.tasks;
  let best = plan(low);
  if (best.length <= wanted.tasks) return best;
  let high = wanted.totalBytes;
  best = plan(high);
  for (let halving = 0; halving < HALVINGS; halving++) {
    const target = (low + high) / 2;
    const slices = plan(target);
    if (slices.length <= wanted.tasks) [best, high] = [slices, target];
    else low = target;
  }
  return best;
};
