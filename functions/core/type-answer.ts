/** Law: every answer that obeys the schema has a value in the type; what has no type of its own stays JSON. */
import { foldColumnName } from '../contract/spec-values.ts';
import type { SpecPath } from './spec-path.ts';

/** The type of an answer, by the JSON Schema that it obeys. NULL is in each of them. */
export type AnswerType =
  | { readonly kind: 'text' | 'integer' | 'number' | 'boolean' | 'json' }
  | { readonly kind: 'list'; readonly element: AnswerType }
  | { readonly kind: 'map'; readonly value: AnswerType }
  | { readonly kind: 'struct'; readonly fields: readonly AnswerField[] };
export type AnswerField = { readonly name: string; readonly type: AnswerType };

/** What is wrong with a schema, by the place inside of it. */
export type SchemaProblem = { readonly path: SpecPath; readonly message: string };
export type TypedAnswer = { readonly type: AnswerType; readonly problems: readonly SchemaProblem[] };

/** References to one place multiply what stands there: a type of so many parts is a mistake or an attack. */
const MOST_PARTS = 10_000;

const JSON_TYPE: AnswerType = { kind: 'json' };

/** Words whose meaning depends on more than the document at hand. */
const UNSUPPORTED = ['$dynamicRef', '$recursiveRef'] as const;

type Schema = Readonly<Record<string, unknown>>;
type Walk = {
  readonly root: Schema;
  readonly problems: SchemaProblem[];
  parts: number;
};
/** A place in the schema, and the references that led to it. */
type Place = { readonly path: SpecPath; readonly open: readonly string[] };

/** The type of all answers that obey a JSON Schema. Whether the schema itself is valid, io/json-schema says. */
export const typeAnswer = (schema: Schema): TypedAnswer => {
  const walk: Walk = { root: schema, problems: [], parts: 0 };
  const type = typeOf(walk, schema, { path: [], open: [] });
  return { type, problems: walk.problems };
};

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const below = ({ path, open }: Place, ...keys: SpecPath): Place => ({ path: [...path, ...keys], open });

const typeOf = (walk: Walk, schema: unknown, place: Place): AnswerType => {
  if (!isSchema(schema)) return JSON_TYPE;
  walk.parts += 1;
  if (walk.parts > MOST_PARTS) {
    const message = `makes a type of more than ${MOST_PARTS} parts`;
    if (walk.parts === MOST_PARTS + 1) walk.problems.push({ path: [], message });
    return JSON_TYPE;
  }
  for (const word of UNSUPPORTED)
    if (word in schema) walk.problems.push({ path: [...place.path, word], message: 'is not supported' });
  if (typeof schema.$ref === 'string') return typeOfReference(walk, schema.$ref, place);
  if ('const' in schema) return typeOfValues([schema.const]);
  if (Array.isArray(schema.enum)) return typeOfValues(schema.enum);
  for (const word of ['anyOf', 'oneOf'] as const) {
    const branches = schema[word];
    if (Array.isArray(branches)) return typeOfBranches(walk, branches, below(place, word));
  }
  if (Array.isArray(schema.allOf) && !('type' in schema) && !('properties' in schema))
    return schema.allOf.length === 1 ? typeOf(walk, schema.allOf[0], below(place, 'allOf', 0)) : JSON_TYPE;
  return typeOfWord(walk, schema, place);
};

const typeOfReference = (walk: Walk, reference: string, place: Place): AnswerType => {
  const at = { path: [...place.path, '$ref'] };
  if (reference !== '#' && !reference.startsWith('#/')) {
    const message = `refers to ${JSON.stringify(reference)}; a reference is to a place in the same schema, such as #/$defs/name`;
    walk.problems.push({ ...at, message });
    return JSON_TYPE;
  }
  // A type that holds itself has no end: from there on it is JSON.
  if (place.open.includes(reference)) return JSON_TYPE;
  const found = findPlace(walk.root, reference);
  if (found === undefined) {
    walk.problems.push({ ...at, message: `refers to ${JSON.stringify(reference)}, which is not there` });
    return JSON_TYPE;
  }
  return typeOf(walk, found.schema, { path: found.path, open: [...place.open, reference] });
};

/** What a JSON pointer with a `#` before it means, and the keys to it. */
const findPlace = (
  root: Schema,
  reference: string,
): { readonly schema: unknown; readonly path: SpecPath } | undefined => {
  const keys = reference
    .slice(2)
    .split('/')
    .map((key) => decodeKey(key).replaceAll('~1', '/').replaceAll('~0', '~'));
  if (reference.length < 2) return { schema: root, path: [] };
  let schema: unknown = root;
  const path: (string | number)[] = [];
  for (const key of keys) {
    if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, key)) return undefined;
    path.push(Array.isArray(schema) ? Number(key) : key);
    schema = (schema as Schema)[key]; // an object or a list, which has the key
  }
  return { schema, path };
};

const decodeKey = (key: string): string => {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
};

const typeOfValues = (values: readonly unknown[]): AnswerType =>
  unite(values.filter((value) => value !== null).map(typeOfValue));

const typeOfValue = (value: unknown): AnswerType => {
  if (typeof value === 'string') return { kind: 'text' };
  if (typeof value === 'boolean') return { kind: 'boolean' };
  if (typeof value === 'number') return { kind: isBigint(value) ? 'integer' : 'number' };
  return JSON_TYPE;
};

const isBigint = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 63;

const typeOfBranches = (walk: Walk, branches: readonly unknown[], place: Place): AnswerType =>
  unite(
    branches.flatMap((branch, index) =>
      isOnlyNull(branch) ? [] : [typeOf(walk, branch, below(place, index))],
    ),
  );

const isOnlyNull = (schema: unknown): boolean =>
  isSchema(schema) &&
  (schema.type === 'null' ||
    schema.const === null ||
    (Array.isArray(schema.enum) && schema.enum.every((value) => value === null)));

/** The one type that holds all of them; JSON where there is none. */
const unite = (types: readonly AnswerType[]): AnswerType => {
  const [first, ...rest] = types;
  if (first === undefined) return JSON_TYPE;
  const kinds = new Set(types.map(({ kind }) => kind));
  if (kinds.size === 2 && kinds.has('integer') && kinds.has('number')) return { kind: 'number' };
  const text = JSON.stringify(first);
  return rest.every((type) => JSON.stringify(type) === text) ? first : JSON_TYPE;
};

const SCALARS: Readonly<Record<string, AnswerType>> = {
  string: { kind: 'text' },
  integer: { kind: 'integer' },
  number: { kind: 'number' },
  boolean: { kind: 'boolean' },
};

const typeOfWord = (walk: Walk, schema: Schema, place: Place): AnswerType => {
  const words = wordsOf(schema);
  return unite(
    words.map((word): AnswerType => {
      if (word === 'object') return typeOfObject(walk, schema, place);
      if (word === 'array') return typeOfArray(walk, schema, place);
      return SCALARS[String(word)] ?? JSON_TYPE;
    }),
  );
};

/**
 * The types that a schema allows beside null; none where it does not say: `properties` alone bind objects, and let
 * any text pass.
 */
const wordsOf = ({ type }: Schema): readonly unknown[] => {
  if (Array.isArray(type)) return type.filter((word) => word !== 'null');
  return type === undefined ? [] : [type];
};

/** Fields that DuckDB can tell apart, and that it can name. */
const areFieldNames = (names: readonly string[]): boolean =>
  names.length > 0 &&
  new Set(names.map(foldColumnName)).size === names.length &&
  names.every((name) => name !== '' && name !== '__proto__' && !name.includes('\0'));

const typeOfObject = (walk: Walk, schema: Schema, place: Place): AnswerType => {
  const { properties, additionalProperties: more, patternProperties } = schema;
  if (patternProperties !== undefined) return JSON_TYPE;
  const names = isSchema(properties) ? Object.keys(properties) : [];
  if (names.length === 0) {
    if (!isSchema(more)) return JSON_TYPE;
    return { kind: 'map', value: typeOf(walk, more, below(place, 'additionalProperties')) };
  }
  const fields = names.map((name) => ({
    name,
    type: typeOf(walk, (properties as Schema)[name], below(place, 'properties', name)), // it has names
  }));
  // Where a schema says that there are other keys too, a struct would lose them.
  const isOpen = more === true || isSchema(more);
  return isOpen || !areFieldNames(names) ? JSON_TYPE : { kind: 'struct', fields };
};

const typeOfArray = (walk: Walk, schema: Schema, place: Place): AnswerType =>
  isSchema(schema.items) && schema.prefixItems === undefined
    ? { kind: 'list', element: typeOf(walk, schema.items, below(place, 'items')) }
    : JSON_TYPE;
