import { parseType, type TypeShape } from '../core/parse-type.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

/**
 * The law: JSON has no NaN and no infinities, and DuckDB writes them bare. Here they are the texts "NaN",
 * "Infinity" and "-Infinity", at any depth; all else stays as DuckDB writes it.
 */

const renderNumber = (value: string): string =>
  `CASE WHEN isnan(${value}) THEN to_json('NaN') WHEN isinf(${value}) THEN to_json(CASE WHEN ${value} > 0 THEN 'Infinity' ELSE '-Infinity' END) ELSE to_json(${value}) END`;

/** A fixed-size array as a list, and the members of a union as a struct: `parseType` has them as scalars. */
const listOfArray = (text: string): string | undefined => {
  const element = /^(.*)\[\d+\]$/s.exec(text)?.[1];
  return element === undefined ? undefined : `${element}[]`;
};
const membersOf = (text: string) => {
  const inner = /^UNION\((.*)\)$/s.exec(text)?.[1];
  const shape = inner === undefined ? undefined : parseType(`STRUCT(${inner})`);
  return shape?.kind === 'struct' ? shape.fields : [];
};

/** Whether a value of the type can be, or hold, what is no JSON number. Keys of maps are texts anyway. */
const mayBeInfinite = (type: TypeShape): boolean => {
  if (type.kind === 'list') return mayBeInfinite(type.element);
  if (type.kind === 'map') return mayBeInfinite(type.value);
  if (type.kind === 'struct') return type.fields.some((field) => mayBeInfinite(field.type));
  const list = listOfArray(type.text);
  if (list !== undefined) return mayBeInfinite(parseType(list));
  if (type.text === 'FLOAT' || type.text === 'DOUBLE') return true;
  return membersOf(type.text).some((member) => mayBeInfinite(member.type));
};

const renderValue = (value: string, type: TypeShape, depth: number): string => {
  if (!mayBeInfinite(type)) return value;
  const item = `e${depth}`;
  if (type.kind === 'list')
    return `list_transform(${value}, lambda ${item}: ${renderValue(item, type.element, depth + 1)})`;
  if (type.kind === 'map') {
    const rendered = renderValue(`${item}.value`, type.value, depth + 1);
    return `map_from_entries(list_transform(map_entries(${value}), lambda ${item}: struct_pack(key := ${item}.key, value := ${rendered})))`;
  }
  if (type.kind === 'struct') {
    const fields = type.fields.map(
      (field) =>
        `${quoteIdentifier(field.name)} := ${renderValue(`struct_extract(${value}, ${quoteText(field.name)})`, field.type, depth)}`,
    );
    return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${fields.join(', ')}) END`;
  }
  const list = listOfArray(type.text);
  if (list !== undefined) return renderValue(`CAST(${value} AS ${list})`, parseType(list), depth);
  const members = membersOf(type.text);
  if (members.length === 0) return renderNumber(value);
  const cases = members.map((member) => {
    const rendered = renderValue(`union_extract(${value}, ${quoteText(member.name)})`, member.type, depth);
    return `WHEN ${quoteText(member.name)} THEN to_json(struct_pack(${quoteIdentifier(member.name)} := ${rendered}))`;
  });
  return `CASE CAST(union_tag(${value}) AS VARCHAR) ${cases.join(' ')} END`;
};

/** Renders a value as a JSON output takes it: as it is where every value of its type is JSON. */
export const renderFiniteJson = (value: string, type: string): string =>
  renderValue(value, parseType(type), 0);
