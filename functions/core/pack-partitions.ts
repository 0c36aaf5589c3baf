/** Adjacent partitions [first, end) that one task reads, or a share of the keys of one large partition. */
export type PartitionPack = {
  readonly first: number;
  readonly end: number;
  readonly sizeBytes: number;
  readonly share?: { readonly index: number; readonly of: number };
};

/** A partition of so many even shares is read by several tasks, each taking its part of the keys. */
const SPLIT_FROM_SHARES = 2;

/** Each share reads the whole partition: beyond this the reading outweighs what is won. */
const MOST_SHARES = 16;

/**
 * As {@link packPartitions}, but a partition far larger than the even share goes to several tasks, each with its
 * part of the keys. A partition of one large group stays as it is long, in one of them.
 */
export const packByKeys = (sizes: readonly number[], tasks: number): readonly PartitionPack[] => {
  const aim = Math.max(sizes.reduce((sum, size) => sum + size, 0) / Math.max(tasks, 1), 1);
  const packs: PartitionPack[] = [];
  let first = 0;
  const packUpTo = (end: number): void => {
    if (end === first) return;
    const between = sizes.slice(first, end);
    const bytes = between.reduce((sum, size) => sum + size, 0);
    for (const pack of packPartitions(between, Math.max(1, Math.round(bytes / aim)))) {
      packs.push({ ...pack, first: first + pack.first, end: first + pack.end });
    }
  };
  for (const [partition, size] of sizes.entries()) {
    if (size <= SPLIT_FROM_SHARES * aim) continue;
    packUpTo(partition);
    const of = Math.min(MOST_SHARES, Math.ceil(size / aim));
    for (let index = 0; index < of; index += 1) {
      const share = { index, of };
      packs.push({ first: partition, end: partition + 1, sizeBytes: Math.floor(size / of), share });
    }
    first = partition + 1;
  }
  packUpTo(sizes.length);
  return packs;
};

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
