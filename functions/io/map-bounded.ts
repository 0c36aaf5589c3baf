/**
 * Maps in order of the items with at most `limit` calls at a time. The first failure ends it: no call begins after it,
 * and it is thrown when those under way have ended, so that nothing they use is taken from under them.
 */
export const mapBounded = async <Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = new Array(items.length);
  const entries = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (failure !== undefined) return;
      try {
        results[index] = await map(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
  return results;
};
