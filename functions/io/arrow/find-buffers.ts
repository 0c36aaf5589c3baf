import type { Field } from 'apache-arrow';
import type { RecordBatch } from 'apache-arrow/ipc/metadata/message';
import { skipColumn } from './skip-column.ts';
import type { Extent } from './walk-arrow.ts';

/** The buffers of the columns at the positions `wanted`, where they lie in a batch's body; reads none of them. */
export const findBuffers = (
  header: RecordBatch,
  fields: readonly Field[],
  wanted: ReadonlySet<number>,
): readonly Extent[] => {
  let buffer = 0;
  let variadic = 0;
  let isWanted = false;
  const extents: Extent[] = [];
  const cursor = {
    node: () => ({ length: 0, nullCount: 0 }),
    skipBuffer: () => {
      const region = header.buffers[buffer++];
      if (isWanted && region !== undefined) extents.push({ offset: region.offset, length: region.length });
    },
    // A damaged header may say anything here; that ends with the batch's buffers, and reading it fails by name.
    variadicCount: () => Math.min(header.variadicBufferCounts[variadic++] ?? 0, header.buffers.length),
  };
  for (const [index, field] of fields.entries()) {
    isWanted = wanted.has(index);
    skipColumn(cursor, field.type);
  }
  return extents;
};
