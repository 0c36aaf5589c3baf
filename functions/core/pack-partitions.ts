/** Adjacent partitions [first, end) that one task reads. */
export type PartitionPack = { readonly first: number; readonly end: number; readonly sizeBytes: number };

/**
 * Packs adjacent partitions into at most `tasks` packs of even size, by their true bytes. Covers each partition
 * once, in order; empty ones cost nothing and go with a neighbour. There is always at least one pack.
 */
export const packPartitions = (sizes: readonly number[], tasks: number): readonly PartitionPack[] => {
  const packs: PartitionPack[] = [];
  let first = 0;
  let left = sizes.reduce((sum, size) => sum + size, 0);
  while (first < sizes.length) {
    const aim = left / Math.max(tasks - packs.length, 1);
    let end = first + 1;
    let sizeBytes = sizes[first] ?? 0;
    const isLast = packs.length === tasks - 1;
    while (end < sizes.length && (isLast || sizeBytes + (sizes[end] ?? 0) / 2 <= aim)) {
      sizeBytes += sizes[end] ?? 0;
      end += 1;
    }
    packs.push({ first, end, sizeBytes });
    left -= sizeBytes;
    first = end;
  }
  return packs;
};
