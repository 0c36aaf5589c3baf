type Failure = { readonly index: number; readonly error: unknown };

/**
 * Maps in order of the items with at most `limit` calls at a time. After a failure none begins; those under way end,
 * and the failure of the first item in order that failed is thrown.
 */
export const mapBounded = async <Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = new Array(items.length);
  const failures: Failure[] = [];
  const entries = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (failures.length > 0) return;
      try {
        results[index] = await map(item, index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  const [first] = failures.sort((left, right) => left.index - right.index);
  if (first !== undefined) throw first.error;
  return results;
};
