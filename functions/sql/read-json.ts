import type { Column } from '../contract/columns.ts';
import { parseType, type TypeShape } from '../core/parse-type.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

/**
 * The law: for each line that `read_json` with `columns` accepts, these expressions give the same
 * values; for each that it refuses they fail. `TRY_CAST` would not: it puts NULL into lists and structs.
 */
export type JsonFormats = {
  readonly dateformat?: string | undefined;
  readonly timestampformat?: string | undefined;
};

/** A JSON pointer to a key of an object, whatever characters it has. */
export const pointerTo = (key: string): string =>
  quoteText(`/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);

const renderDuplicateCheck = (json: string, names: readonly string[]): string => {
  const known = `list_filter(json_keys(${json}), lambda k: k IN (${names.map(quoteText).join(', ')}))`;
  return `list_unique(json_keys(${json})) < len(json_keys(${json})) AND list_unique(${known}) < len(${known})`;
};

const renderFields = (
  json: string,
  columns: readonly Column[],
  formats: JsonFormats,
  depth: number,
): string => {
  const fields = columns.map(({ name, type }) => {
    const value = `json_extract(${json}, ${pointerTo(name)})`;
    return `${quoteIdentifier(name)} := ${renderValue(value, parseType(type), formats, depth)}`;
  });
  return `struct_pack(${fields.join(', ')})`;
};

const FORMATTED: Readonly<Record<string, keyof JsonFormats>> = {
  DATE: 'dateformat',
  TIMESTAMP: 'timestampformat',
  'TIMESTAMP WITH TIME ZONE': 'timestampformat',
  TIMESTAMPTZ: 'timestampformat',
};

const isPlain = (type: TypeShape, formats: JsonFormats): boolean => {
  if (type.kind === 'scalar') return formatOf(type.text, formats) === undefined;
  if (type.kind === 'list') return isPlain(type.element, formats);
  return type.kind === 'map' && isPlain(type.key, formats) && isPlain(type.value, formats);
};

const formatOf = (type: string, formats: JsonFormats): string | undefined => {
  const option = FORMATTED[type.toUpperCase()];
  return option === undefined ? undefined : formats[option];
};

/** Renders the value of a type from a JSON expression; it fails where `read_json` would. */
const renderValue = (json: string, type: TypeShape, formats: JsonFormats, depth: number): string => {
  if (type.kind === 'scalar') {
    // CAST keeps the quotes of a JSON string.
    if (type.text === 'VARCHAR') return `json_extract_string(${json}, '$')`;
    if (type.text === 'JSON') return `CASE WHEN json_type(${json}) <> 'NULL' THEN ${json} END`;
    const format = formatOf(type.text, formats);
    return format === undefined
      ? `CAST(${json} AS ${type.text})`
      : `CAST(strptime(json_extract_string(${json}, '$'), ${quoteText(format)}) AS ${type.text})`;
  }
  if (type.kind === 'struct') {
    const columns = type.fields.map(({ name, type: { text } }) => ({ name, type: text }));
    const repeats = renderDuplicateCheck(
      json,
      columns.map(({ name }) => name),
    );
    // The cast gives NULL for null, and fails by itself for what is no object and for repeated keys.
    return `CASE WHEN json_type(${json}) = 'OBJECT' AND NOT (${repeats}) THEN ${renderFields(json, columns, formats, depth)} ELSE CAST(${json} AS ${type.text}) END`;
  }
  if (isPlain(type, formats)) return `CAST(${json} AS ${type.text})`;
  const item = `e${depth}`;
  if (type.kind === 'list')
    return `list_transform(CAST(${json} AS JSON[]), lambda ${item}: ${renderValue(item, type.element, formats, depth + 1)})`;
  const value = renderValue(`${item}.value`, type.value, formats, depth + 1);
  return `map_from_entries(list_transform(map_entries(CAST(${json} AS MAP(${type.key.text}, JSON))), lambda ${item}: struct_pack(key := ${item}.key, value := ${value})))`;
};

/**
 * Renders a STRUCT of `columns` from `json`, a column of type JSON that holds one line, or NULL where the
 * line is malformed. It is NULL where the line is no object or repeats a key; it fails where a value does
 * not fit. TRY around it makes both NULL.
 */
export const renderJsonRow = (json: string, columns: readonly Column[], formats: JsonFormats): string => {
  const nulls = columns.map(({ name, type }) => `${quoteIdentifier(name)} := CAST(NULL AS ${type})`);
  const repeats = renderDuplicateCheck(
    json,
    columns.map(({ name }) => name),
  );
  return `CASE json_type(${json}) WHEN 'OBJECT' THEN CASE WHEN NOT (${repeats}) THEN ${renderFields(json, columns, formats, 0)} END WHEN 'NULL' THEN struct_pack(${nulls.join(', ')}) END`;
};

/** What `json_transform` takes for a type: an object for a struct, else the type's text. */
const structureOf = (type: TypeShape): unknown =>
  type.kind === 'struct'
    ? Object.fromEntries(type.fields.map(({ name, type: field }) => [name, structureOf(field)]))
    : type.text;

/** Whether an object has just these keys, in this order, and so have the objects that it holds. */
const renderHasKeys = (json: string, path: string, type: TypeShape): readonly string[] => {
  if (type.kind !== 'struct') return [];
  const keys = path === '' ? `json_keys(${json})` : `json_keys(${json}, ${quoteText(path)})`;
  return [
    `${keys} = [${type.fields.map(({ name }) => quoteText(name)).join(', ')}]`,
    ...type.fields.flatMap(({ name, type: field }) =>
      renderHasKeys(json, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, field),
    ),
  ];
};

/** Objects below lists and maps have keys that no path reaches. */
const hasHiddenStruct = (type: TypeShape): boolean => {
  if (type.kind === 'scalar') return false;
  if (type.kind === 'list') return type.element.text.includes('STRUCT');
  if (type.kind === 'map') return type.value.text.includes('STRUCT');
  return type.fields.some(({ type: field }) => hasHiddenStruct(field));
};

/**
 * Renders {@link renderJsonRow} under TRY, NULL for a line that is rejected. Lines with all keys in the order of
 * `columns` and no NULL are parsed once, by `json_transform_strict`. It stands under its own TRY and sees no
 * line that is likely to fail: one failure makes TRY judge its whole vector again, row by row.
 */
export const renderTriedRow = (json: string, columns: readonly Column[], formats: JsonFormats): string => {
  // A strict read of no column parses lines, and looks at nothing in them.
  if (columns.length === 0)
    return `CASE WHEN ${json} IS NOT NULL THEN struct_pack(daybreak_line := true) END`;
  const careful = `TRY(${renderJsonRow(json, columns, formats)})`;
  const fields = columns.map(({ name, type }) => ({ name, type: parseType(type) }));
  const row: TypeShape = { kind: 'struct', text: '', fields };
  const isFormatted = formats.dateformat !== undefined || formats.timestampformat !== undefined;
  if (isFormatted || hasHiddenStruct(row)) return careful;
  const structure = quoteText(JSON.stringify(structureOf(row)));
  const isFull = fields.map(({ name }) => `v.${quoteIdentifier(name)} IS NOT NULL`).join(' AND ');
  const isLikely = [
    ...renderHasKeys(json, '', row),
    `list_transform([json_transform(${json}, ${structure})], lambda v: ${isFull})[1]`,
  ];
  return `CASE WHEN ${isLikely.join(' AND ')} THEN TRY(json_transform_strict(${json}, ${structure})) ELSE ${careful} END`;
};

/** Renders the name of the first column whose value does not fit, NULL where it is not a column's fault. */
export const renderJsonCulprit = (json: string, columns: readonly Column[], formats: JsonFormats): string => {
  if (columns.length === 0) return 'CAST(NULL AS VARCHAR)';
  const cases = columns.map(({ name, type }) => {
    const value = `json_extract(${json}, ${pointerTo(name)})`;
    return `WHEN TRY(${renderValue(value, parseType(type), formats, 0)}) IS NULL AND json_type(${value}) <> 'NULL' THEN ${quoteText(name)}`;
  });
  return `CASE ${cases.join(' ')} END`;
};
