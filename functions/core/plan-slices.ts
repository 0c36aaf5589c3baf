/** A text file to be cut. Its rows lie in [dataOffset, sizeBytes). */
export type TextFileSize = {
  readonly sizeBytes: number;
  readonly dataOffset: number;
  readonly isSplittable: boolean;
};

/** The bytes [startOffset, endOffset) of the file at index `file`. */
export type PlannedRange = {
  readonly file: number;
  readonly startOffset: number;
  readonly endOffset: number;
};

/** What one task reads, in the order of the input. */
export type TextSlice = { readonly ranges: readonly PlannedRange[]; readonly sizeBytes: number };

/** A file of fewer bytes than this times the target stays whole: halves would be too small to pay for their copies. */
export const CUT_FROM_TARGETS = 1.5;

const cutFile = (file: TextFileSize, index: number, targetBytes: number): readonly PlannedRange[] => {
  const bytes = file.sizeBytes - file.dataOffset;
  if (bytes <= 0 && file.isSplittable) return [];
  const isWhole = !file.isSplittable || bytes < CUT_FROM_TARGETS * targetBytes;
  const pieces = isWhole ? 1 : Math.round(bytes / targetBytes);
  const offsetOf = (piece: number): number => file.dataOffset + Math.floor((bytes * piece) / pieces);
  return Array.from({ length: pieces }, (_, piece) => ({
    file: index,
    startOffset: offsetOf(piece),
    endOffset: offsetOf(piece + 1),
  }));
};

/** Puts neighbours together up to `targetBytes`; keeps the order and every item. */
const packNeighbours = <Item>(
  items: readonly Item[],
  sizeOf: (item: Item) => number,
  targetBytes: number,
): readonly { readonly items: readonly Item[]; readonly sizeBytes: number }[] => {
  const packs: { items: Item[]; sizeBytes: number }[] = [];
  for (const item of items) {
    const sizeBytes = sizeOf(item);
    const last = packs.at(-1);
    if (last !== undefined && last.sizeBytes + sizeBytes <= targetBytes) {
      last.items.push(item);
      last.sizeBytes += sizeBytes;
    } else packs.push({ items: [item], sizeBytes });
  }
  return packs;
};

/**
 * Cuts text files into slices of about `targetBytes` (at most 1.5 times where the file can be cut):
 * large files into even ranges, small neighbouring ones together. The ranges cover [dataOffset,
 * sizeBytes) of each file once. A file that cannot be cut is one range, even where it is empty.
 */
export const planTextRanges = (files: readonly TextFileSize[], targetBytes: number): readonly TextSlice[] => {
  const ranges = files.flatMap((file, index) => cutFile(file, index, targetBytes));
  return packNeighbours(ranges, (range) => range.endOffset - range.startOffset, targetBytes).map(
    ({ items, sizeBytes }) => ({ ranges: items, sizeBytes }),
  );
};

/** A row group of the Parquet file at index `file`; `columnBytes` are those of the needed columns only. */
export type RowGroup = {
  readonly file: number;
  readonly rowGroup: number;
  readonly rows: number;
  readonly columnBytes: number;
};

/** Row groups that one task reads, in the order of the input. */
export type RowGroupSlice<Group extends RowGroup> = {
  readonly rowGroups: readonly Group[];
  readonly sizeBytes: number;
  readonly rows: number;
};

/** Packs neighbouring row groups into slices of at most `targetBytes`, or of one row group where that is larger. */
export const planRowGroupSlices = <Group extends RowGroup>(
  rowGroups: readonly Group[],
  targetBytes: number,
): readonly RowGroupSlice<Group>[] =>
  packNeighbours(rowGroups, (group) => group.columnBytes, targetBytes).map(({ items, sizeBytes }) => ({
    rowGroups: items,
    sizeBytes,
    rows: items.reduce((rows, group) => rows + group.rows, 0),
  }));

/** Bytes that a task reads, by its ranges. */
export const weighRanges = (
  ranges: readonly { readonly startOffset: number; readonly endOffset: number }[],
): number => ranges.reduce((bytes, { startOffset, endOffset }) => bytes + endOffset - startOffset, 0);
