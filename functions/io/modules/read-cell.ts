import {
  DuckDBArrayType,
  DuckDBArrayValue,
  DuckDBBitValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBMapType,
  DuckDBMapValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimeNSValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeTZValue,
  DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUUIDValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { ColumnTypeError } from '../../contract/errors-arrow.ts';

/** Gives a function of a module a value of the engine; what it gives is the function's own and may be changed. */
export type CellReader = (value: DuckDBValue) => unknown;

/** What stands for both infinities of a timestamp, in microseconds. */
export const INFINITE_MICROS = 2n ** 63n - 1n;

const asIs: CellReader = (value) => value;

/** A reader that expects values of one class of the engine, and NULL. */
const ofClass =
  <Value>(
    isValue: (value: DuckDBValue) => value is Value & DuckDBValue,
    read: (value: Value) => unknown,
  ): CellReader =>
  (value) => {
    if (value === null) return null;
    if (isValue(value)) return read(value);
    throw new Error('the engine gave a value that is not of the type of its column');
  };

const microsOf = (count: bigint, microsPerUnit: bigint): bigint =>
  count === INFINITE_MICROS || count === -INFINITE_MICROS ? count : count * microsPerUnit;

const READERS: Readonly<Partial<Record<DuckDBTypeId, CellReader>>> = {
  [DuckDBTypeId.SQLNULL]: asIs,
  [DuckDBTypeId.BOOLEAN]: asIs,
  [DuckDBTypeId.TINYINT]: asIs,
  [DuckDBTypeId.SMALLINT]: asIs,
  [DuckDBTypeId.INTEGER]: asIs,
  [DuckDBTypeId.BIGINT]: asIs,
  [DuckDBTypeId.UTINYINT]: asIs,
  [DuckDBTypeId.USMALLINT]: asIs,
  [DuckDBTypeId.UINTEGER]: asIs,
  [DuckDBTypeId.UBIGINT]: asIs,
  [DuckDBTypeId.HUGEINT]: asIs,
  [DuckDBTypeId.UHUGEINT]: asIs,
  [DuckDBTypeId.FLOAT]: asIs,
  [DuckDBTypeId.DOUBLE]: asIs,
  [DuckDBTypeId.VARCHAR]: asIs,
  [DuckDBTypeId.ENUM]: asIs,
  [DuckDBTypeId.DECIMAL]: ofClass(
    (value) => value instanceof DuckDBDecimalValue,
    (value) => value.toString(),
  ),
  // A copy: the engine's bytes belong to a chunk that is used again.
  [DuckDBTypeId.BLOB]: ofClass(
    (value) => value instanceof DuckDBBlobValue,
    (value) => Uint8Array.from(value.bytes),
  ),
  [DuckDBTypeId.BIT]: ofClass(
    (value) => value instanceof DuckDBBitValue,
    (value) => value.toString(),
  ),
  [DuckDBTypeId.UUID]: ofClass(
    (value) => value instanceof DuckDBUUIDValue,
    (value) => value.toString(),
  ),
  [DuckDBTypeId.DATE]: ofClass(
    (value) => value instanceof DuckDBDateValue,
    (value) => value.days,
  ),
  [DuckDBTypeId.TIME]: ofClass(
    (value) => value instanceof DuckDBTimeValue,
    (value) => value.micros,
  ),
  [DuckDBTypeId.TIME_NS]: ofClass(
    (value) => value instanceof DuckDBTimeNSValue,
    (value) => value.nanos,
  ),
  [DuckDBTypeId.TIME_TZ]: ofClass(
    (value) => value instanceof DuckDBTimeTZValue,
    (value) => ({ micros: value.micros, offset: value.offset }),
  ),
  [DuckDBTypeId.TIMESTAMP]: ofClass(
    (value) => value instanceof DuckDBTimestampValue,
    (value) => value.micros,
  ),
  [DuckDBTypeId.TIMESTAMP_TZ]: ofClass(
    (value) => value instanceof DuckDBTimestampTZValue,
    (value) => value.micros,
  ),
  [DuckDBTypeId.TIMESTAMP_S]: ofClass(
    (value) => value instanceof DuckDBTimestampSecondsValue,
    (value) => microsOf(value.seconds, 1_000_000n),
  ),
  [DuckDBTypeId.TIMESTAMP_MS]: ofClass(
    (value) => value instanceof DuckDBTimestampMillisecondsValue,
    (value) => microsOf(value.millis, 1_000n),
  ),
  [DuckDBTypeId.TIMESTAMP_NS]: ofClass(
    (value) => value instanceof DuckDBTimestampNanosecondsValue,
    (value) => value.nanos,
  ),
  [DuckDBTypeId.INTERVAL]: ofClass(
    (value) => value instanceof DuckDBIntervalValue,
    ({ months, days, micros }) => ({ months, days, micros }),
  ),
};

/**
 * The reader of a type; docs/modules.md has the table. Throws ColumnTypeError where no value of the type can
 * be given to a module.
 */
export const createCellReader = (type: DuckDBType): CellReader => {
  const simple = READERS[type.typeId];
  if (simple !== undefined) return simple;
  if (type instanceof DuckDBListType) {
    const element = createCellReader(type.valueType);
    return ofClass(
      (value) => value instanceof DuckDBListValue,
      ({ items }) => items.map(element),
    );
  }
  if (type instanceof DuckDBArrayType) {
    const element = createCellReader(type.valueType);
    return ofClass(
      (value) => value instanceof DuckDBArrayValue,
      ({ items }) => items.map(element),
    );
  }
  if (type instanceof DuckDBMapType) {
    const [key, value] = [createCellReader(type.keyType), createCellReader(type.valueType)];
    return ofClass(
      (map) => map instanceof DuckDBMapValue,
      ({ entries }) => new Map(entries.map((entry) => [key(entry.key), value(entry.value)])),
    );
  }
  if (type instanceof DuckDBStructType) return createStructReader(type);
  throw new ColumnTypeError('value', type.toString(), 'no value of this type can be given to a module');
};

/**
 * Throws ColumnTypeError where the engine's binding cannot tell the fields of a struct apart: it keeps them in
 * an object by name, so unnamed ones fall together, and one named `__proto__` is lost.
 */
export const requireNamedFields = (type: DuckDBStructType): void => {
  const names = new Set(type.entryNames);
  if (names.size === type.entryCount && !names.has('') && !names.has('__proto__')) return;
  throw new ColumnTypeError('value', type.toString(), 'a struct with such names cannot cross to a module');
};

const createStructReader = (type: DuckDBStructType): CellReader => {
  requireNamedFields(type);
  const read = createObjectReader(type.entryNames);
  const readers = type.entryTypes.map(createCellReader);
  return ofClass(
    (value) => value instanceof DuckDBStructValue,
    ({ entries }) => read((index) => readers[index]?.(entries[type.entryNames[index] ?? ''] ?? null) ?? null),
  );
};

/** Makes plain objects with these keys in this order; `__proto__` is a key like any other. */
export const createObjectReader = (
  names: readonly string[],
): ((valueAt: (index: number) => unknown) => Record<string, unknown>) => {
  const isHostile = names.includes('__proto__');
  return (valueAt) => {
    const object: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] ?? '';
      if (isHostile && name === '__proto__') {
        const value = valueAt(index);
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      } else object[name] = valueAt(index);
    }
    return object;
  };
};
