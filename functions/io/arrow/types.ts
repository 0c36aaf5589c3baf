import {
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  type DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import {
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  IntervalMonthDayNano,
  List,
  Map_,
  Null,
  Struct,
  TimeMicrosecond,
  TimeNanosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from 'apache-arrow';
import { ColumnTypeError } from '../../contract/errors-arrow.ts';
import { parseDuckDBType, renderDuckDBType } from './type-text.ts';

/**
 * The types table: as which Arrow type each DuckDB type crosses. Where the Arrow type alone would come
 * back as another DuckDB type, the field carries the DuckDB type's name under {@link TYPE_KEY}, or is an
 * Arrow extension (`arrow.uuid`, `arrow.json`).
 */
export const TYPE_KEY = 'daybreak.type';
export const EXTENSION_KEY = 'ARROW:extension:name';
const EXTENSION_METADATA_KEY = 'ARROW:extension:metadata';

/** How the values of a column lie in a DuckDB vector, and what happens to them on the way to Arrow. */
export type Layout =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'fixed'; readonly width: Width; readonly change: Change }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'list'; readonly child: ArrowColumn }
  | { readonly kind: 'array'; readonly child: ArrowColumn; readonly size: number }
  | { readonly kind: 'struct'; readonly children: readonly ArrowColumn[] };
export type Width = 1 | 2 | 4 | 8 | 16;
/** `none` copies the bytes; the others are in `change-values.ts`. */
export type Change = 'none' | 'decimal' | 'hugeint' | 'uhugeint' | 'interval' | 'uuid';

/** One column on its way between DuckDB and Arrow. `dictionary` has the values of an enum, in order. */
export type ArrowColumn = {
  readonly name: string;
  readonly type: DuckDBType;
  readonly field: Field;
  readonly layout: Layout;
  readonly dictionary?: { readonly id: number; readonly values: readonly string[] };
};

type Shape = {
  readonly arrow: DataType;
  readonly layout: Layout;
  readonly metadata?: ReadonlyMap<string, string>;
  readonly dictionary?: { readonly id: number; readonly values: readonly string[] };
};

const fixed = (arrow: DataType, width: Width, change: Change = 'none'): Shape => ({
  arrow,
  layout: { kind: 'fixed', width, change },
});
const named = (shape: Shape, name: string): Shape => ({ ...shape, metadata: new Map([[TYPE_KEY, name]]) });
const extended = (shape: Shape, extension: string): Shape => ({
  ...shape,
  metadata: new Map([
    [EXTENSION_KEY, extension],
    [EXTENSION_METADATA_KEY, ''],
  ]),
});
const BYTES: Layout = { kind: 'bytes' };

/** The types without parameters. Decimal(scale, precision, bits) is apache-arrow's order of arguments. */
const SIMPLE: Partial<Record<DuckDBTypeId, () => Shape>> = {
  [DuckDBTypeId.SQLNULL]: () => ({ arrow: new Null(), layout: { kind: 'null' } }),
  [DuckDBTypeId.BOOLEAN]: () => ({ arrow: new Bool(), layout: { kind: 'bool' } }),
  [DuckDBTypeId.TINYINT]: () => fixed(new Int8(), 1),
  [DuckDBTypeId.SMALLINT]: () => fixed(new Int16(), 2),
  [DuckDBTypeId.INTEGER]: () => fixed(new Int32(), 4),
  [DuckDBTypeId.BIGINT]: () => fixed(new Int64(), 8),
  [DuckDBTypeId.UTINYINT]: () => fixed(new Uint8(), 1),
  [DuckDBTypeId.USMALLINT]: () => fixed(new Uint16(), 2),
  [DuckDBTypeId.UINTEGER]: () => fixed(new Uint32(), 4),
  [DuckDBTypeId.UBIGINT]: () => fixed(new Uint64(), 8),
  [DuckDBTypeId.HUGEINT]: () => named(fixed(new Decimal(0, 38, 128), 16, 'hugeint'), 'HUGEINT'),
  [DuckDBTypeId.UHUGEINT]: () => named(fixed(new Decimal(0, 38, 128), 16, 'uhugeint'), 'UHUGEINT'),
  [DuckDBTypeId.FLOAT]: () => fixed(new Float32(), 4),
  [DuckDBTypeId.DOUBLE]: () => fixed(new Float64(), 8),
  [DuckDBTypeId.DATE]: () => fixed(new DateDay(), 4),
  [DuckDBTypeId.TIME]: () => fixed(new TimeMicrosecond(), 8),
  [DuckDBTypeId.TIME_NS]: () => fixed(new TimeNanosecond(), 8),
  [DuckDBTypeId.TIME_TZ]: () => named(fixed(new Uint64(), 8), 'TIME WITH TIME ZONE'),
  [DuckDBTypeId.TIMESTAMP]: () => fixed(new TimestampMicrosecond(), 8),
  [DuckDBTypeId.TIMESTAMP_S]: () => fixed(new TimestampSecond(), 8),
  [DuckDBTypeId.TIMESTAMP_MS]: () => fixed(new TimestampMillisecond(), 8),
  [DuckDBTypeId.TIMESTAMP_NS]: () => fixed(new TimestampNanosecond(), 8),
  [DuckDBTypeId.TIMESTAMP_TZ]: () => fixed(new TimestampMicrosecond('UTC'), 8),
  [DuckDBTypeId.INTERVAL]: () => fixed(new IntervalMonthDayNano(), 16, 'interval'),
  [DuckDBTypeId.UUID]: () => extended(fixed(new FixedSizeBinary(16), 16, 'uuid'), 'arrow.uuid'),
  [DuckDBTypeId.VARCHAR]: () => ({ arrow: new Utf8(), layout: BYTES }),
  [DuckDBTypeId.BLOB]: () => ({ arrow: new Binary(), layout: BYTES }),
  [DuckDBTypeId.BIT]: () => named({ arrow: new Binary(), layout: BYTES }, 'BIT'),
  [DuckDBTypeId.BIGNUM]: () => named({ arrow: new Binary(), layout: BYTES }, 'BIGNUM'),
};

const REFUSED: Partial<Record<DuckDBTypeId, string>> = {
  [DuckDBTypeId.UNION]: 'Arrow readers differ on unions',
  [DuckDBTypeId.GEOMETRY]: 'its bytes belong to one version of an extension',
  [DuckDBTypeId.VARIANT]: 'its bytes belong to one version of DuckDB',
};

const decimalWidth = (width: number): Width => (width <= 4 ? 2 : width <= 9 ? 4 : width <= 18 ? 8 : 16);

type Numbering = { dictionaries: number };

const enumShape = (type: DuckDBEnumType, numbering: Numbering): Shape => {
  const bytes =
    type.internalTypeId === DuckDBTypeId.UTINYINT
      ? 1
      : type.internalTypeId === DuckDBTypeId.USMALLINT
        ? 2
        : 4;
  const indices = bytes === 1 ? new Uint8() : bytes === 2 ? new Uint16() : new Uint32();
  const id = numbering.dictionaries++;
  const shape = named(fixed(new Dictionary(new Utf8(), indices, id, true), bytes), 'ENUM');
  return { ...shape, dictionary: { id, values: type.values } };
};

const mapShape = (path: string, type: DuckDBMapType, numbering: Numbering): Shape => {
  const key = columnOf('key', `${path}.key`, type.keyType, numbering, false);
  const value = columnOf('value', `${path}.value`, type.valueType, numbering, true);
  const field = new Field('entries', new Struct([key.field, value.field]), false);
  const child: ArrowColumn = {
    name: 'entries',
    type,
    field,
    layout: { kind: 'struct', children: [key, value] },
  };
  return { arrow: new Map_(field), layout: { kind: 'list', child } };
};

const structShape = (path: string, type: DuckDBStructType, numbering: Numbering): Shape => {
  // What `row(1, 2)` makes: DuckDB's SQL cannot name its type again on the other side.
  if (type.entryNames.includes(''))
    throw new ColumnTypeError(path, renderDuckDBType(type), 'its fields have no names');
  const children = type.entryTypes.map((entry, index) => {
    const name = type.entryNames[index] ?? '';
    return columnOf(name, `${path}.${name}`, entry, numbering, true);
  });
  return { arrow: new Struct(children.map((child) => child.field)), layout: { kind: 'struct', children } };
};

const shapeOf = (path: string, type: DuckDBType, numbering: Numbering): Shape => {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL: {
      const { width, scale } = type as DuckDBDecimalType;
      const bytes = decimalWidth(width);
      return fixed(new Decimal(scale, width, 128), bytes, bytes === 16 ? 'none' : 'decimal');
    }
    case DuckDBTypeId.ENUM:
      return enumShape(type as DuckDBEnumType, numbering);
    case DuckDBTypeId.LIST: {
      const child = columnOf('item', `${path}[]`, (type as DuckDBListType).valueType, numbering, true);
      return { arrow: new List(child.field), layout: { kind: 'list', child } };
    }
    case DuckDBTypeId.ARRAY: {
      const { valueType, length } = type as DuckDBArrayType;
      const child = columnOf('item', `${path}[]`, valueType, numbering, true);
      return {
        arrow: new FixedSizeList(length, child.field),
        layout: { kind: 'array', child, size: length },
      };
    }
    case DuckDBTypeId.MAP:
      return mapShape(path, type as DuckDBMapType, numbering);
    case DuckDBTypeId.STRUCT:
      return structShape(path, type as DuckDBStructType, numbering);
    default: {
      const simple = SIMPLE[type.typeId];
      if (simple === undefined)
        throw new ColumnTypeError(
          path,
          renderDuckDBType(type),
          REFUSED[type.typeId] ?? 'it has no Arrow type',
        );
      return simple();
    }
  }
};

const columnOf = (
  name: string,
  path: string,
  type: DuckDBType,
  numbering: Numbering,
  nullable: boolean,
): ArrowColumn => {
  if (type.alias !== undefined && type.alias !== 'JSON')
    throw new ColumnTypeError(path, type.alias, 'it is a name for a type that other sessions do not know');
  const base = shapeOf(path, type, numbering);
  const shape = type.alias === 'JSON' ? extended(base, 'arrow.json') : base;
  const field = new Field(name, shape.arrow, nullable, new Map(shape.metadata ?? []));
  const column = { name, type, field, layout: shape.layout };
  return shape.dictionary === undefined ? column : { ...column, dictionary: shape.dictionary };
};

/**
 * Says as which Arrow columns these columns cross, types as DuckDB types or as their text.
 * Throws ColumnTypeError where one cannot cross; nothing is read, so a plan can ask.
 */
export const arrowColumnsOf = (
  columns: readonly { readonly name: string; readonly type: DuckDBType | string }[],
): ArrowColumn[] => {
  const numbering = { dictionaries: 0 };
  return columns.map(({ name, type }) =>
    columnOf(name, name, typeof type === 'string' ? parseDuckDBType(type) : type, numbering, true),
  );
};

/** The Arrow field as which one column crosses; throws ColumnTypeError where it cannot. */
export const arrowTypeOf = (type: DuckDBType | string, name = 'value'): Field => {
  const [column] = arrowColumnsOf([{ name, type }]);
  if (column === undefined) throw new Error('one column gave no column');
  return column.field;
};
