import { createBytesBuffer } from './bytes-buffer.ts';
import type { ColumnBuffer } from './column-buffer.ts';
import { createBoolBuffer, createFixedBuffer, createNullBuffer } from './fixed-buffer.ts';
import { createArrayBuffer, createListBuffer, createStructBuffer } from './nested-buffer.ts';
import type { ArrowColumn } from './types.ts';

/** The buffer that collects this column, with those of its children. */
export const createColumnBuffer = (column: ArrowColumn): ColumnBuffer => {
  const { layout } = column;
  switch (layout.kind) {
    case 'null':
      return createNullBuffer();
    case 'bool':
      return createBoolBuffer();
    case 'fixed':
      return createFixedBuffer(column, layout);
    case 'bytes':
      return createBytesBuffer(column);
    case 'list':
      return createListBuffer(column, createColumnBuffer(layout.child));
    case 'array':
      return createArrayBuffer(layout.size, createColumnBuffer(layout.child));
    case 'struct':
      return createStructBuffer(layout.children.map(createColumnBuffer));
  }
};
