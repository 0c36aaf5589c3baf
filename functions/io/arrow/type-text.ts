import {
  ARRAY,
  BIGINT,
  BIGNUM,
  BIT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBArrayType,
  type DuckDBDecimalType,
  type DuckDBEnumType,
  type DuckDBListType,
  type DuckDBMapType,
  DuckDBStructType,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBVarCharType,
  ENUM,
  FLOAT,
  HUGEINT,
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
  TIMETZ,
  TINYINT,
  UBIGINT,
  UHUGEINT,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import { ColumnTypeError } from '../../contract/errors-arrow.ts';
import { quoteIdentifier, quoteText } from '../../sql/quote.ts';

/** The names that DuckDB prints for its types (DESCRIBE, `typeof`), and the aliases a spec may use. */
const NAMES: ReadonlyMap<string, DuckDBType> = new Map<string, DuckDBType>([
  ['BOOLEAN', BOOLEAN],
  ['BOOL', BOOLEAN],
  ['TINYINT', TINYINT],
  ['SMALLINT', SMALLINT],
  ['INTEGER', INTEGER],
  ['INT', INTEGER],
  ['BIGINT', BIGINT],
  ['UTINYINT', UTINYINT],
  ['USMALLINT', USMALLINT],
  ['UINTEGER', UINTEGER],
  ['UBIGINT', UBIGINT],
  ['HUGEINT', HUGEINT],
  ['UHUGEINT', UHUGEINT],
  ['FLOAT', FLOAT],
  ['REAL', FLOAT],
  ['DOUBLE', DOUBLE],
  ['VARCHAR', VARCHAR],
  ['TEXT', VARCHAR],
  ['STRING', VARCHAR],
  ['JSON', DuckDBVarCharType.create('JSON')],
  ['BLOB', BLOB],
  ['BIT', BIT],
  ['BIGNUM', BIGNUM],
  ['DATE', DATE],
  ['TIME', TIME],
  ['TIME_NS', TIME_NS],
  ['TIME WITH TIME ZONE', TIMETZ],
  ['TIMETZ', TIMETZ],
  ['TIMESTAMP', TIMESTAMP],
  ['TIMESTAMP_S', TIMESTAMP_S],
  ['TIMESTAMP_MS', TIMESTAMP_MS],
  ['TIMESTAMP_NS', TIMESTAMP_NS],
  ['TIMESTAMP WITH TIME ZONE', TIMESTAMPTZ],
  ['TIMESTAMPTZ', TIMESTAMPTZ],
  ['INTERVAL', INTERVAL],
  ['UUID', UUID],
  ['NULL', SQLNULL],
]);

type Cursor = { readonly text: string; at: number };

const fail = (cursor: Cursor, reason: string): never => {
  throw new ColumnTypeError('value', cursor.text, reason);
};
const skipSpace = (cursor: Cursor): void => {
  while (cursor.text[cursor.at] === ' ') cursor.at++;
};
const take = (cursor: Cursor, sign: string): boolean => {
  skipSpace(cursor);
  if (!cursor.text.startsWith(sign, cursor.at)) return false;
  cursor.at += sign.length;
  return true;
};
const expect = (cursor: Cursor, sign: string): void => {
  if (!take(cursor, sign)) fail(cursor, `"${sign}" is missing at position ${cursor.at + 1}`);
};

const parseQuoted = (cursor: Cursor, quote: string): string => {
  let value = '';
  for (;;) {
    const end = cursor.text.indexOf(quote, cursor.at);
    if (end === -1) return fail(cursor, `a ${quote} is not closed`);
    value += cursor.text.slice(cursor.at, end);
    cursor.at = end + 1;
    if (cursor.text[cursor.at] !== quote) return value;
    value += quote;
    cursor.at++;
  }
};

const parseWord = (cursor: Cursor): string => {
  skipSpace(cursor);
  const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(cursor.text.slice(cursor.at))?.[0] ?? '';
  cursor.at += word.length;
  return word;
};
const parseName = (cursor: Cursor): string =>
  take(cursor, '"') ? parseQuoted(cursor, '"') : parseWord(cursor);
const parseNumber = (cursor: Cursor): number => {
  skipSpace(cursor);
  const digits = /^\d+/.exec(cursor.text.slice(cursor.at))?.[0] ?? '';
  cursor.at += digits.length;
  return digits === '' ? fail(cursor, `a number is missing at position ${cursor.at + 1}`) : Number(digits);
};

const parseStruct = (cursor: Cursor): DuckDBType => {
  const names: string[] = [];
  const types: DuckDBType[] = [];
  expect(cursor, '(');
  do {
    const start = cursor.at;
    const name = parseName(cursor);
    skipSpace(cursor);
    // An unnamed struct, as `row(1, 2)` makes it, lists types only.
    const isUnnamed = /^[,)([]/.test(cursor.text.slice(cursor.at));
    if (isUnnamed) cursor.at = start;
    names.push(isUnnamed ? '' : name);
    types.push(parseType(cursor));
  } while (take(cursor, ','));
  expect(cursor, ')');
  return new DuckDBStructType(names, types);
};

const parseMap = (cursor: Cursor): DuckDBType => {
  expect(cursor, '(');
  const key = parseType(cursor);
  expect(cursor, ',');
  const value = parseType(cursor);
  expect(cursor, ')');
  return MAP(key, value);
};

const parseEnum = (cursor: Cursor): DuckDBType => {
  const values: string[] = [];
  expect(cursor, '(');
  do {
    expect(cursor, "'");
    values.push(parseQuoted(cursor, "'"));
  } while (take(cursor, ','));
  expect(cursor, ')');
  return ENUM(values);
};

const parseDecimal = (cursor: Cursor): DuckDBType => {
  if (!take(cursor, '(')) return DECIMAL(18, 3);
  const width = parseNumber(cursor);
  const scale = take(cursor, ',') ? parseNumber(cursor) : 0;
  expect(cursor, ')');
  return DECIMAL(width, scale);
};

const parseBase = (cursor: Cursor): DuckDBType => {
  if (take(cursor, '"NULL"')) return SQLNULL;
  const word = parseWord(cursor).toUpperCase();
  if (word === 'STRUCT' || word === 'ROW') return parseStruct(cursor);
  if (word === 'MAP') return parseMap(cursor);
  if (word === 'ENUM') return parseEnum(cursor);
  if (word === 'DECIMAL' || word === 'NUMERIC') return parseDecimal(cursor);
  const name = take(cursor, 'WITH TIME ZONE') ? `${word} WITH TIME ZONE` : word;
  return NAMES.get(name) ?? fail(cursor, `"${name}" is not the name of a type that can`);
};

const parseType = (cursor: Cursor): DuckDBType => {
  let type = parseBase(cursor);
  while (take(cursor, '[')) {
    if (take(cursor, ']')) {
      type = LIST(type);
      continue;
    }
    type = ARRAY(type, parseNumber(cursor));
    expect(cursor, ']');
  }
  return type;
};

/** Parses the text of a DuckDB type, as DESCRIBE prints it; throws ColumnTypeError where it is not known. */
export const parseDuckDBType = (text: string): DuckDBType => {
  const cursor = { text: text.trim(), at: 0 };
  const type = parseType(cursor);
  skipSpace(cursor);
  return cursor.at === cursor.text.length
    ? type
    : fail(cursor, `it does not end at position ${cursor.at + 1}`);
};

/** Renders a DuckDB type as DuckDB's SQL reads it; the inverse of {@link parseDuckDBType}. */
export const renderDuckDBType = (type: DuckDBType): string => {
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL: {
      const { width, scale } = type as DuckDBDecimalType;
      return `DECIMAL(${width},${scale})`;
    }
    case DuckDBTypeId.ENUM:
      return `ENUM(${(type as DuckDBEnumType).values.map(quoteText).join(', ')})`;
    case DuckDBTypeId.LIST:
      return `${renderDuckDBType((type as DuckDBListType).valueType)}[]`;
    case DuckDBTypeId.ARRAY: {
      const { valueType, length } = type as DuckDBArrayType;
      return `${renderDuckDBType(valueType)}[${length}]`;
    }
    case DuckDBTypeId.MAP: {
      const { keyType, valueType } = type as DuckDBMapType;
      return `MAP(${renderDuckDBType(keyType)}, ${renderDuckDBType(valueType)})`;
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      const entries = entryTypes.map((entry, index) => {
        const name = entryNames[index] ?? '';
        return name === '' ? renderDuckDBType(entry) : `${quoteIdentifier(name)} ${renderDuckDBType(entry)}`;
      });
      return `STRUCT(${entries.join(', ')})`;
    }
    case DuckDBTypeId.SQLNULL:
      return '"NULL"';
    default:
      return type.alias ?? type.toString();
  }
};
