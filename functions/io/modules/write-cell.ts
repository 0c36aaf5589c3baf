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
  type DuckDBValue,
} from '@duckdb/node-api';
import { ColumnTypeError } from '../../contract/errors-arrow.ts';
import { MODULE_LIMITS } from '../../contract/module-step.ts';
import { describeKind, OutputMismatch, within } from './output-mismatch.ts';
import { requireNamedFields } from './read-cell.ts';
import { renderKey } from './render-key.ts';
import { createScalarWriter } from './write-scalar.ts';
import type { CellWriter } from './write-whole.ts';

/**
 * The writer of a type, which takes what a module's function returned; docs/modules.md has the table. The
 * writer throws OutputMismatch; this throws ColumnTypeError where no module can return the type.
 */
export const createCellWriter = (type: DuckDBType): CellWriter => {
  const write = createScalarWriter(type) ?? createNestedWriter(type);
  if (write === undefined)
    throw new ColumnTypeError('value', type.toString(), 'a module can return no value of this type');
  return (value) => {
    if (value === null) return null;
    if (value === undefined)
      throw new OutputMismatch(`expected a value or null, found ${describeKind(value)}`);
    return write(value);
  };
};

const createNestedWriter = (type: DuckDBType): CellWriter | undefined => {
  if (type instanceof DuckDBListType) {
    const element = createCellWriter(type.valueType);
    return (value) => new DuckDBListValue(writeElements(value, element, 'a list as an array'));
  }
  if (type instanceof DuckDBArrayType) return createArrayWriter(type);
  if (type instanceof DuckDBStructType) return createStructWriter(type);
  return type instanceof DuckDBMapType ? createMapWriter(type) : undefined;
};

const createArrayWriter = (type: DuckDBArrayType): CellWriter => {
  const element = createCellWriter(type.valueType);
  return (value) => {
    const items = writeElements(value, element, `an array of ${type.length}`);
    if (items.length === type.length) return new DuckDBArrayValue(items);
    throw new OutputMismatch(`expected an array of ${type.length}, found an array of ${items.length}`);
  };
};

const writeElements = (value: unknown, write: CellWriter, expected: string): DuckDBValue[] => {
  const elements = arrayOf(value);
  if (elements === undefined) throw new OutputMismatch(`expected ${expected}, found ${describeKind(value)}`);
  // Read once: it may be a getter's or a proxy's answer.
  const { length } = elements;
  if (length > MODULE_LIMITS.listElements)
    throw new OutputMismatch(`expected at most ${MODULE_LIMITS.listElements} elements, found ${length}`);
  const items: DuckDBValue[] = new Array(length);
  for (let index = 0; index < length; index += 1) items[index] = within(index, () => write(elements[index]));
  return items;
};

/** An array or a typed array; undefined for anything else. */
export const arrayOf = (value: unknown): ArrayLike<unknown> | undefined => {
  if (Array.isArray(value)) return value;
  // The views that are not typed arrays have no elements.
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? (value as unknown as ArrayLike<unknown>)
    : undefined;
};

/** Checks that an object has exactly these keys as its own, and calls `take` with each value. */
export const takeFields = (
  object: object,
  fields: { readonly names: readonly string[]; readonly what: string },
  take: (value: unknown, index: number) => void,
): void => {
  const { names, what } = fields;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    if (!Object.hasOwn(object, name)) throw new OutputMismatch(`the ${what} is missing`, { path: [name] });
    // Own, as just checked: `__proto__` gives the field and not the prototype.
    const value: unknown = Reflect.get(object, name);
    within(name, () => take(value, index));
  }
  const keys = Object.keys(object);
  if (keys.length <= names.length) return;
  const extra = keys.filter((key) => !names.includes(key));
  throw new OutputMismatch(
    `${extra.length === 1 ? `a ${what}` : `${extra.length} ${what}s`} that output does not declare`,
    { said: `; the first: ${JSON.stringify((extra[0] ?? '').slice(0, 100))}` },
  );
};

const createStructWriter = (type: DuckDBStructType): CellWriter => {
  requireNamedFields(type);
  const writers = type.entryTypes.map(createCellWriter);
  const names = type.entryNames;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new OutputMismatch(`expected a struct as an object, found ${describeKind(value)}`);
    const entries: [string, DuckDBValue][] = [];
    takeFields(value, { names, what: 'field' }, (field, index) => {
      entries.push([names[index] ?? '', writers[index]?.(field) ?? null]);
    });
    return new DuckDBStructValue(Object.fromEntries(entries));
  };
};

const createMapWriter = (type: DuckDBMapType): CellWriter => {
  const [writeKey, writeValue] = [createCellWriter(type.keyType), createCellWriter(type.valueType)];
  return (value) => {
    if (!(value instanceof Map))
      throw new OutputMismatch(`expected a map as a Map, found ${describeKind(value)}`);
    if (value.size > MODULE_LIMITS.listElements)
      throw new OutputMismatch(`expected at most ${MODULE_LIMITS.listElements} entries, found ${value.size}`);
    const entries: { key: DuckDBValue; value: DuckDBValue }[] = [];
    const seen = new Set<string>();
    for (const [key, item] of Map.prototype.entries.call(value)) {
      const index = entries.length;
      const written = within(index, () => writeKey(key));
      if (written === null) throw new OutputMismatch('a key is null', { path: [index] });
      const text = renderKey([written]);
      if (seen.has(text)) throw new OutputMismatch('two keys are equal', { path: [index] });
      seen.add(text);
      entries.push({ key: written, value: within(index, () => writeValue(item)) });
    }
    return new DuckDBMapValue(entries);
  };
};
