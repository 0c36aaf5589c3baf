import { DataType, Type } from 'apache-arrow';
import type { BatchCursor } from './decode-message.ts';

type SkipCursor = Pick<BatchCursor, 'node' | 'skipBuffer' | 'variadicCount'>;

/** Buffers of a column's own, its children's left out; views have those of their text besides. */
const buffersOf = (type: DataType): number => {
  switch (type.typeId) {
    case Type.Null:
      return 0;
    case Type.Struct:
    case Type.FixedSizeList:
      return 1;
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return 3;
    default:
      return 2;
  }
};

/**
 * Passes over one column of a batch, with its children, and reads none of its buffers.
 * @see https://arrow.apache.org/docs/format/Columnar.html#buffer-listing-for-each-layout
 */
export const skipColumn = (cursor: SkipCursor, type: DataType): void => {
  cursor.node();
  const isView = type.typeId === Type.Utf8View || type.typeId === Type.BinaryView;
  const buffers = buffersOf(type) + (isView ? cursor.variadicCount() : 0);
  for (let buffer = 0; buffer < buffers; buffer++) cursor.skipBuffer();
  // A dictionary's children are those of its values, which lie elsewhere.
  if (DataType.isDictionary(type)) return;
  for (const child of type.children ?? []) skipColumn(cursor, child.type);
};
