import { DataType, type Field } from 'apache-arrow';
import { ArrowFormatError, ColumnTypeError } from '../../contract/errors-arrow.ts';
import { foldColumnName } from '../../contract/spec-values.ts';
import { TYPE_KEY } from './types.ts';

/**
 * Marks that a file of anybody may carry: a decimal of 38 digits lies in memory as the integer of 128 bits does.
 * The others would let a file say as which type its bytes reach DuckDB. Without its mark an enum is text.
 */
const KEPT_MARKS: ReadonlySet<string | undefined> = new Set(['HUGEINT', 'UHUGEINT']);

const isHuge = (type: DataType): boolean =>
  DataType.isDecimal(type) && type.bitWidth === 128 && type.precision === 38 && type.scale === 0;

const requireNames = (path: string, fields: readonly Field[]): void => {
  const folded = fields.map(({ name }) => foldColumnName(name));
  if (fields.length === 0) throw new ColumnTypeError(path, 'struct', 'DuckDB has no structs without fields');
  if (folded.some((name) => name.includes('\0')))
    throw new ColumnTypeError(path, 'struct', 'the name of a field has a NUL character');
  if (folded.includes('') || new Set(folded).size < folded.length)
    throw new ColumnTypeError(
      path,
      'struct',
      'a field of it has no name, or that of another (upper and lower case do not count)',
    );
};

/** DuckDB's limit for the elements of an ARRAY. */
const ARRAY_ELEMENTS = 100_000;

const clearType = (path: string, type: DataType): void => {
  if (DataType.isDictionary(type)) {
    const value: DataType = type.dictionary;
    const isNested = (value.children ?? []).length > 0 || DataType.isDictionary(value);
    if (isNested || DataType.isNull(value))
      throw new ColumnTypeError(path, String(type), 'dictionaries of nested values are not read');
    return;
  }
  if (DataType.isFixedSizeList(type) && type.listSize > ARRAY_ELEMENTS)
    throw new ColumnTypeError(path, String(type), `DuckDB has arrays of at most ${ARRAY_ELEMENTS} elements`);
  const children = (type.children ?? []) as readonly (Field | undefined)[];
  const present = children.filter((child) => child !== undefined);
  // Of a list whose schema is damaged the library makes a child that is not there.
  if (present.length < children.length) throw new ArrowFormatError('a list has no child');
  for (const child of present) clearField(`${path}.${child.name}`, child);
  if (DataType.isStruct(type)) requireNames(path, present);
};

const clearField = (path: string, field: Field): void => {
  // The format allows a field without a name; apache-arrow's types leave that out.
  if (typeof (field.name as string | null) !== 'string') throw new ArrowFormatError('a column has no name');
  if (!(isHuge(field.type) && KEPT_MARKS.has(field.metadata.get(TYPE_KEY)))) field.metadata.delete(TYPE_KEY);
  clearType(path, field.type);
};

/**
 * Takes out of a schema that was just decoded what only Daybreak's own blocks may say, and refuses what DuckDB
 * could not name. Throws ColumnTypeError, ArrowFormatError.
 */
export const clearFields = (fields: readonly Field[]): void => {
  for (const field of fields) clearField(field.name, field);
};
