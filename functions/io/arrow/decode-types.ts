import {
  ARRAY,
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  DuckDBStructType,
  type DuckDBType,
  DuckDBVarCharType,
  ENUM8,
  ENUM16,
  ENUM32,
  FLOAT,
  INTEGER,
  INTERVAL,
  LIST,
  MAP,
  SMALLINT,
  SQLNULL,
  TIME,
  TIME_NS,
  TIMESTAMP,
  TIMESTAMP_MS,
  TIMESTAMP_NS,
  TIMESTAMP_S,
  TIMESTAMPTZ,
  TINYINT,
  UBIGINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import { DataType, type Dictionary, type Field, IntervalUnit, TimeUnit, Type } from 'apache-arrow';
import { ArrowFormatError, ColumnTypeError } from '../../contract/errors-arrow.ts';
import {
  boolToDuckDB,
  dayTimeToDuckDB,
  decimalToDuckDB,
  durationToDuckDB,
  halfToFloat,
  intervalToDuckDB,
  millisToDays,
  scaleLongs,
  widenTimes,
  yearMonthToDuckDB,
} from './change-to-duckdb.ts';
import { MICROS_OF_DAY, withinDay } from './check-times.ts';
import type { DictionaryStore } from './dictionary-store.ts';
import {
  type LoadArray,
  loadBits,
  loadBytes,
  loadFixed,
  loadFixedBytes,
  loadFixedList,
  loadList,
  loadNull,
  loadStruct,
} from './load-array.ts';
import { loadViews } from './load-views.ts';
import { parseDuckDBType } from './type-text.ts';
import { EXTENSION_KEY, TYPE_KEY, type Width } from './types.ts';
import { uuidToDuckDB } from './uuid.ts';

/** How a column comes back from Arrow: its DuckDB type, and how its arrays are loaded. */
export type ColumnReader = { readonly name: string; readonly type: DuckDBType; readonly load: LoadArray };

type Reading = { readonly type: DuckDBType; readonly load: LoadArray };
const copied = (type: DuckDBType, width: Width): Reading => ({ type, load: loadFixed(width, width) });

/** Microseconds in one of a unit, as times and per, by Arrow's number of the unit (s, ms, us, ns). */
const MICROS: Record<TimeUnit, readonly [bigint, bigint]> = {
  [TimeUnit.SECOND]: [1_000_000n, 1n],
  [TimeUnit.MILLISECOND]: [1000n, 1n],
  [TimeUnit.MICROSECOND]: [1n, 1n],
  [TimeUnit.NANOSECOND]: [1n, 1000n],
};
const NAIVE: Record<TimeUnit, DuckDBType> = {
  [TimeUnit.SECOND]: TIMESTAMP_S,
  [TimeUnit.MILLISECOND]: TIMESTAMP_MS,
  [TimeUnit.MICROSECOND]: TIMESTAMP,
  [TimeUnit.NANOSECOND]: TIMESTAMP_NS,
};

const readInt = (bits: number, isSigned: boolean): Reading => {
  if (bits === 8) return copied(isSigned ? TINYINT : UTINYINT, 1);
  if (bits === 16) return copied(isSigned ? SMALLINT : USMALLINT, 2);
  if (bits === 32) return copied(isSigned ? INTEGER : UINTEGER, 4);
  return copied(isSigned ? BIGINT : UBIGINT, 8);
};

const readDecimal = (path: string, type: { precision: number; scale: number; bitWidth: number }): Reading => {
  const { precision, scale, bitWidth } = type;
  if (precision > 38 || scale < 0 || scale > precision)
    throw new ColumnTypeError(
      path,
      `decimal(${precision}, ${scale})`,
      'DuckDB has decimals of at most 38 digits',
    );
  const width: Width = precision <= 4 ? 2 : precision <= 9 ? 4 : precision <= 18 ? 8 : 16;
  const load =
    bitWidth / 8 === width
      ? loadFixed(width, width)
      : loadFixed(bitWidth / 8, width, decimalToDuckDB(bitWidth / 32, width));
  return { type: DECIMAL(precision, scale), load };
};

const readTime = (unit: TimeUnit, bits: number): Reading => {
  if (bits === 32)
    return { type: TIME, load: withinDay(loadFixed(4, 8, widenTimes(MICROS[unit][0])), MICROS_OF_DAY) };
  if (unit === TimeUnit.NANOSECOND)
    return { type: TIME_NS, load: withinDay(loadFixed(8, 8), 1000 * MICROS_OF_DAY) };
  return { type: TIME, load: withinDay(loadFixed(8, 8), MICROS_OF_DAY) };
};

const readTimestamp = (unit: TimeUnit, zone: string | null | undefined): Reading => {
  if (zone === null || zone === undefined || zone === '') return copied(NAIVE[unit], 8);
  if (unit === TimeUnit.MICROSECOND) return copied(TIMESTAMPTZ, 8);
  return { type: TIMESTAMPTZ, load: loadFixed(8, 8, scaleLongs(...MICROS[unit])) };
};

const readInterval = (unit: IntervalUnit): Reading => {
  if (unit === IntervalUnit.YEAR_MONTH) return { type: INTERVAL, load: loadFixed(4, 16, yearMonthToDuckDB) };
  if (unit === IntervalUnit.DAY_TIME) return { type: INTERVAL, load: loadFixed(8, 16, dayTimeToDuckDB) };
  return { type: INTERVAL, load: loadFixed(16, 16, intervalToDuckDB) };
};

const readFloat = (precision: number): Reading => {
  if (precision === 0) return { type: FLOAT, load: loadFixed(2, 4, halfToFloat) };
  return precision === 1 ? copied(FLOAT, 4) : copied(DOUBLE, 8);
};

const readBinary = (field: Field, load: LoadArray): Reading => {
  const name = field.metadata.get(TYPE_KEY);
  return { type: name === undefined ? BLOB : parseDuckDBType(name), load };
};

const readText = (field: Field, load: LoadArray): Reading => {
  const isJson = field.metadata.get(EXTENSION_KEY) === 'arrow.json';
  return { type: isJson ? DuckDBVarCharType.create('JSON') : VARCHAR, load };
};

const childOf = (type: DataType): Field => {
  const child = (type.children as Field[] | null)?.[0];
  if (child === undefined) throw new ArrowFormatError('a list has no child');
  return child;
};

const readMap = (path: string, type: DataType, dictionaries: DictionaryStore): Reading => {
  const entries: DataType = childOf(type).type;
  const [key, value] = DataType.isStruct(entries) ? entries.children : [];
  if (key === undefined || value === undefined) throw new ArrowFormatError('a map has no key or no value');
  const keys = readField(`${path}.key`, key, dictionaries);
  const values = readField(`${path}.value`, value, dictionaries);
  return { type: MAP(keys.type, values.type), load: loadList(4, loadStruct([keys.load, values.load])) };
};

const readStruct = (path: string, fields: readonly Field[], dictionaries: DictionaryStore): Reading => {
  const children = fields.map((field) => readField(`${path}.${field.name}`, field, dictionaries));
  const names = fields.map((field) => field.name);
  const types = children.map((child) => child.type);
  return { type: new DuckDBStructType(names, types), load: loadStruct(children.map((child) => child.load)) };
};

const readList = (
  path: string,
  type: DataType,
  offsetWidth: 4 | 8,
  dictionaries: DictionaryStore,
): Reading => {
  const child = readField(`${path}[]`, childOf(type), dictionaries);
  return { type: LIST(child.type), load: loadList(offsetWidth, child.load) };
};

const readDictionary = (path: string, field: Field, dictionaries: DictionaryStore): Reading => {
  const type = field.type as Dictionary;
  const indices = readInt(type.indices.bitWidth, type.indices.isSigned);
  const bytes = type.indices.bitWidth / 8;
  if (field.metadata.get(TYPE_KEY) === 'ENUM') {
    const values = dictionaries.texts(type.id);
    const enumType = bytes === 1 ? ENUM8(values) : bytes === 2 ? ENUM16(values) : ENUM32(values);
    return { type: enumType, load: dictionaries.loadIndices(type.id, indices.load) };
  }
  const value = readType(path, field, type.dictionary, dictionaries);
  return { type: value.type, load: dictionaries.loadValues(type.id, indices.load, value.load) };
};

const readType = (path: string, field: Field, type: DataType, dictionaries: DictionaryStore): Reading => {
  const name = field.metadata.get(TYPE_KEY);
  if (DataType.isNull(type)) return { type: SQLNULL, load: loadNull };
  if (DataType.isBool(type)) return { type: BOOLEAN, load: loadBits(boolToDuckDB) };
  if (DataType.isInt(type))
    return name === undefined ? readInt(type.bitWidth, type.isSigned) : copied(parseDuckDBType(name), 8);
  if (DataType.isFloat(type)) return readFloat(type.precision);
  if (DataType.isDecimal(type))
    return name === undefined ? readDecimal(path, type) : copied(parseDuckDBType(name), 16);
  if (DataType.isDate(type))
    return type.unit === 0 ? copied(DATE, 4) : { type: DATE, load: loadFixed(8, 4, millisToDays) };
  if (DataType.isTime(type)) return readTime(type.unit, type.bitWidth);
  if (DataType.isTimestamp(type)) return readTimestamp(type.unit, type.timezone);
  if (DataType.isInterval(type)) return readInterval(type.unit);
  if (DataType.isDuration(type))
    return { type: INTERVAL, load: loadFixed(8, 16, durationToDuckDB(...MICROS[type.unit as TimeUnit])) };
  return readBytesOrNested(path, field, type, dictionaries);
};

const readBytesOrNested = (
  path: string,
  field: Field,
  type: DataType,
  dictionaries: DictionaryStore,
): Reading => {
  switch (type.typeId) {
    case Type.Utf8:
      return readText(field, loadBytes(4, 'text'));
    case Type.LargeUtf8:
      return readText(field, loadBytes(8, 'text'));
    case Type.Utf8View:
      return readText(field, loadViews('text'));
    case Type.Binary:
      return readBinary(field, loadBytes(4, 'bytes'));
    case Type.LargeBinary:
      return readBinary(field, loadBytes(8, 'bytes'));
    case Type.BinaryView:
      return readBinary(field, loadViews('bytes'));
    case Type.List:
      return readList(path, type, 4, dictionaries);
    case Type.LargeList:
      return readList(path, type, 8, dictionaries);
    case Type.Map:
      return readMap(path, type, dictionaries);
  }
  if (DataType.isFixedSizeBinary(type)) {
    if (field.metadata.get(EXTENSION_KEY) === 'arrow.uuid' && type.byteWidth === 16)
      return { type: UUID, load: loadFixed(16, 16, uuidToDuckDB) };
    return readBinary(field, loadFixedBytes(type.byteWidth));
  }
  if (DataType.isFixedSizeList(type)) {
    if (!(type.listSize > 0))
      throw new ColumnTypeError(path, String(type), 'DuckDB has no arrays of no elements');
    const child = readField(`${path}[]`, childOf(type), dictionaries);
    return { type: ARRAY(child.type, type.listSize), load: loadFixedList(type.listSize, child.load) };
  }
  if (DataType.isStruct(type)) return readStruct(path, type.children, dictionaries);
  throw new ColumnTypeError(path, String(type), 'DuckDB has no such type');
};

const readField = (path: string, field: Field, dictionaries: DictionaryStore): Reading => {
  // The format allows a field without a name; apache-arrow's types leave that out.
  if (typeof (field.name as string | null) !== 'string') throw new ArrowFormatError('a column has no name');
  return DataType.isDictionary(field.type)
    ? readDictionary(path, field, dictionaries)
    : readType(path, field, field.type, dictionaries);
};

/**
 * Says as which DuckDB columns the fields of a schema come back; the inverse of `arrowColumnsOf`. The
 * dictionaries must be there, because an enum's type is its values. Throws ColumnTypeError.
 */
export const duckdbColumnsOf = (fields: readonly Field[], dictionaries: DictionaryStore): ColumnReader[] =>
  fields.map((field) => ({ name: field.name, ...readField(field.name, field, dictionaries) }));
