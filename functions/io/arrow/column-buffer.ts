import type { Selection } from './selection.ts';
import type { VectorSource } from './validity.ts';

/** Takes the parts of one record batch in Arrow's order: parents before children, validity first. */
export type BatchParts = {
  readonly node: (length: number, nullCount: number) => void;
  readonly buffer: (bytes: Uint8Array) => void;
};

/**
 * Rows of one column (or of a child of one) collected from DuckDB's vectors and given out as Arrow
 * buffers. Bytes under a null are zero, so that equal rows give equal bytes.
 */
export type ColumnBuffer = {
  /** Adds the selected rows. `parent` has one byte a row: 0 where the value around it is null. */
  readonly append: (source: VectorSource, selection: Selection, parent: Uint8Array | null) => void;
  /** Gives out the selected rows of those collected; they stay. */
  readonly emit: (selection: Selection, parts: BatchParts) => void;
  /** Bytes of the rows collected so far. */
  readonly sizeBytes: () => number;
  readonly clear: () => void;
};
