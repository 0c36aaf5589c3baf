/** Rows in the order of their partitions, and where each partition starts; rows of one keep their order. */
export type PartitionOrder = {
  /** Null where the rows came in this order already. */
  readonly rows: Uint32Array | null;
  /** `starts[p]` is where partition `p` starts in `rows`, `starts[partitions]` their number. */
  readonly starts: Uint32Array;
};

/** How many rows each partition has, as `starts`, and whether they came in order. */
const countRows = (
  partitionOf: Uint32Array,
  partitions: number,
): { readonly starts: Uint32Array; readonly isSorted: boolean } => {
  const starts = new Uint32Array(partitions + 1);
  let before = 0;
  let isSorted = true;
  for (let row = 0; row < partitionOf.length; row++) {
    const partition = partitionOf[row] as number;
    if (partition >= partitions)
      throw new Error(`row ${row} has the partition ${partition} of ${partitions}`);
    if (partition < before) isSorted = false;
    before = partition;
    starts[partition + 1] = (starts[partition + 1] as number) + 1;
  }
  for (let partition = 0; partition < partitions; partition++)
    starts[partition + 1] = (starts[partition + 1] as number) + (starts[partition] as number);
  return { starts, isSorted };
};

/** A counting sort: two passes, whatever the number of partitions. */
export const sortByPartition = (partitionOf: Uint32Array, partitions: number): PartitionOrder => {
  const { starts, isSorted } = countRows(partitionOf, partitions);
  if (isSorted) return { rows: null, starts };
  const next = starts.slice();
  const rows = new Uint32Array(partitionOf.length);
  for (let row = 0; row < partitionOf.length; row++) {
    const partition = partitionOf[row] as number;
    const at = next[partition] as number;
    rows[at] = row;
    next[partition] = at + 1;
  }
  return { rows, starts };
};
