/** A DuckDB type, as far as reading JSON needs its shape. */
export type TypeShape =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'list'; readonly text: string; readonly element: TypeShape }
  | {
      readonly kind: 'struct';
      readonly text: string;
      readonly fields: readonly { readonly name: string; readonly type: TypeShape }[];
    }
  | { readonly kind: 'map'; readonly text: string; readonly key: TypeShape; readonly value: TypeShape };

/** A quoted name or text whole, so that what stands in it has no meaning here. */
const TOKEN = /"(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]/g;

/** Splits the parts of a nested type, at commas outside parentheses and quotes. */
export const splitTypeParts = (text: string): readonly string[] => {
  const parts: string[] = [];
  let depth = 0;
  let begin = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (token === ',' && depth === 0) {
      parts.push(text.slice(begin, index).trim());
      begin = index + 1;
    }
  }
  parts.push(text.slice(begin).trim());
  return parts;
};

const parseField = (text: string): { readonly name: string; readonly type: TypeShape } => {
  const quoted = /^"((?:[^"]|"")*)"\s+/.exec(text);
  if (quoted !== null)
    return { name: (quoted[1] ?? '').replaceAll('""', '"'), type: parseType(text.slice(quoted[0].length)) };
  const space = text.indexOf(' ');
  return { name: text.slice(0, space), type: parseType(text.slice(space + 1)) };
};

/**
 * Parses the type text that DuckDB's DESCRIBE gives, for example `STRUCT(x BIGINT, "a b" VARCHAR[])`.
 * What is no list, struct or map is a scalar, fixed-size arrays and unions included.
 */
export const parseType = (type: string): TypeShape => {
  const text = type.trim();
  if (text.endsWith('[]')) return { kind: 'list', text, element: parseType(text.slice(0, -2)) };
  const inner = /^(STRUCT|MAP)\s*\((.*)\)$/is.exec(text);
  if (inner === null) return { kind: 'scalar', text };
  const parts = splitTypeParts(inner[2] ?? '');
  if (inner[1]?.toUpperCase() === 'STRUCT') return { kind: 'struct', text, fields: parts.map(parseField) };
  const [key, value] = parts;
  if (key === undefined || value === undefined) return { kind: 'scalar', text };
  return { kind: 'map', text, key: parseType(key), value: parseType(value) };
};
