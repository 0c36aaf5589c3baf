/**
 * Maps in order of the items with at most `limit` calls at a time. After the first failure no call begins; it is
 * thrown when those that run have ended, so that nothing goes on behind the caller's back.
 */
export const mapBounded = async <Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = new Array(items.length);
  const entries = items.entries();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const [index, item] of entries) {
      try {
        results[index] = await map(item);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return results;
};
