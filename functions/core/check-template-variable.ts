import type { Column } from '../contract/columns.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { parseType, type TypeShape } from './parse-type.ts';
import { suggestName } from './suggest-name.ts';

export type VariableVerdict =
  | { readonly column: string }
  | { readonly message: string; readonly suggestion?: string };

/** Properties that Liquid gives to texts and lists by itself. */
const OF_TEXT: ReadonlySet<string> = new Set(['size', 'length']);
const OF_LIST: ReadonlySet<string> = new Set(['size', 'length', 'first', 'last']);

/**
 * Whether a name that a template reads is a column, case aside, and the fields behind it are there by its type. Fields
 * of a struct are found as they are written. `undefined` among them is a field that a value decides: rows will tell.
 */
export const checkTemplateVariable = (
  { name, fields }: { readonly name: string; readonly fields: readonly (string | number | undefined)[] },
  columns: readonly Column[],
): VariableVerdict => {
  const column = columns.find((each) => foldColumnName(each.name) === foldColumnName(name));
  if (column === undefined) return unknownColumn(name, columns);
  let shape: TypeShape | undefined = shapeOf(column.type);
  for (const field of fields) {
    if (field === undefined || shape === undefined) break;
    const next = stepInto(shape, field);
    if ('message' in next) return { ...next, message: `the column ${column.name} ${next.message}` };
    shape = next.shape;
  }
  return { column: column.name };
};

const unknownColumn = (name: string, columns: readonly Column[]): VariableVerdict => {
  const known = columns.map((each) => each.name);
  const suggestion = suggestName(name, known);
  const list =
    known.length <= 12
      ? `the columns here are ${known.join(', ')}`
      : `there are ${known.length} columns here`;
  return {
    message: `there is no column ${name}; ${list}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
};

/** Arrays of a fixed length are lists here. */
const shapeOf = (type: string): TypeShape => parseType(type.replaceAll(/\[\d+\]/g, '[]'));

type Into =
  | { readonly shape: TypeShape | undefined }
  | { readonly message: string; readonly suggestion?: string };

const stepInto = (shape: TypeShape, field: string | number): Into => {
  if (shape.kind === 'map') return { shape: shape.value };
  if (shape.kind === 'list') {
    if (typeof field === 'number' || field === 'first' || field === 'last') return { shape: shape.element };
    if (OF_LIST.has(field)) return { shape: undefined };
    return {
      message: `is of type ${shape.text}: a list has ${[...OF_LIST].join(', ')} and numbers, not ${field}`,
    };
  }
  if (shape.kind === 'struct') {
    const found = shape.fields.find(({ name }) => name === field);
    if (found !== undefined) return { shape: found.type };
    if (field === 'size') return { shape: undefined };
    const names = shape.fields.map(({ name }) => name);
    const suggestion = suggestName(String(field), names);
    return {
      message: `has no field ${field}; its fields are ${names.slice(0, 12).join(', ')}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  }
  if (OF_TEXT.has(String(field))) return { shape: undefined };
  return { message: `is of type ${shape.text}, which has no field ${field}` };
};
