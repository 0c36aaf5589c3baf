import {
  DuckDBArrayType,
  DuckDBArrayValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBMapType,
  DuckDBMapValue,
  DuckDBStructType,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { createObjectReader } from '../modules/read-cell.ts';

/** Gives a template a value of the engine, of a type that sql/template-values has made. */
export type TemplateReader = (value: DuckDBValue) => unknown;

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** A number where it is one exactly, so that `{% if n == 1 %}` means what it says; its digits where it is not. */
const readInteger: TemplateReader = (value) =>
  typeof value !== 'bigint' ? value : value <= MAX_SAFE && value >= -MAX_SAFE ? Number(value) : String(value);

/** Nine digits tell all floats of 32 bits apart; as many as it takes, so that 0.1 stays 0.1. */
const readFloat: TemplateReader = (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return Number(value.toPrecision(9));
};

const SCALARS: Readonly<Partial<Record<DuckDBTypeId, TemplateReader>>> = {
  [DuckDBTypeId.BIGINT]: readInteger,
  [DuckDBTypeId.UBIGINT]: readInteger,
  [DuckDBTypeId.HUGEINT]: readInteger,
  [DuckDBTypeId.UHUGEINT]: readInteger,
  [DuckDBTypeId.FLOAT]: readFloat,
};

/** Filters of texts make one of whatever they get: of a struct its JSON, as where it is put out. */
const printed = (value: object): object =>
  Object.defineProperty(value, Symbol.toPrimitive, { value: toJsonText });

function toJsonText(this: object): string {
  return JSON.stringify(this);
}

const mismatch = (): never => {
  throw new Error('the engine gave a value that is not of the type of its column');
};

export const createTemplateReader = (type: DuckDBType): TemplateReader => {
  if (type instanceof DuckDBListType || type instanceof DuckDBArrayType) {
    const element = createTemplateReader(type.valueType);
    return (value) => {
      if (value === null) return null;
      if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue)
        return value.items.map(element);
      return mismatch();
    };
  }
  if (type instanceof DuckDBMapType) {
    const item = createTemplateReader(type.valueType);
    return (value) => {
      if (value === null) return null;
      if (!(value instanceof DuckDBMapValue)) return mismatch();
      const names = value.entries.map(({ key }) => String(key));
      return printed(createObjectReader(names)((index) => item(value.entries[index]?.value ?? null)));
    };
  }
  if (type instanceof DuckDBStructType) {
    const read = createObjectReader(type.entryNames);
    const readers = type.entryTypes.map(createTemplateReader);
    return (value) => {
      if (value === null) return null;
      if (!(value instanceof DuckDBStructValue)) return mismatch();
      return printed(
        read((index) => readers[index]?.(value.entries[type.entryNames[index] ?? ''] ?? null) ?? null),
      );
    };
  }
  return SCALARS[type.typeId] ?? ((value) => value);
};
