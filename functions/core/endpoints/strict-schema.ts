/** What OpenAI's strict mode reads in a schema. */
const KEYWORDS: ReadonlySet<string> = new Set([
  '$defs',
  '$ref',
  'additionalProperties',
  'anyOf',
  'const',
  'description',
  'enum',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'format',
  'items',
  'maxItems',
  'maximum',
  'minItems',
  'minimum',
  'multipleOf',
  'pattern',
  'properties',
  'required',
  'title',
  'type',
]);

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether OpenAI's strict mode takes a schema: then the model cannot answer otherwise. It wants an object at the
 * root, of every object all properties required and no others, and the keywords that it knows. Where it is not so the
 * schema is sent as a wish, and what comes back is checked as ever.
 * @see https://platform.openai.com/docs/guides/structured-outputs
 */
export const isStrictSchema = (schema: Readonly<Record<string, unknown>>): boolean =>
  schema.type === 'object' && schema.anyOf === undefined && isStrictPart(schema);

const isStrictPart = (part: unknown): boolean => {
  if (!isMapping(part) || Object.keys(part).some((keyword) => !KEYWORDS.has(keyword))) return false;
  const { type, properties = {}, required = [], $defs = {}, items, anyOf = [] } = part;
  if (!isMapping(properties) || !isMapping($defs) || !Array.isArray(required) || !Array.isArray(anyOf))
    return false;
  const isObject = type === 'object' || (Array.isArray(type) && type.includes('object'));
  if (isObject && (part.additionalProperties !== false || !hasAll(required, Object.keys(properties))))
    return false;
  return (
    [...Object.values(properties), ...Object.values($defs), ...anyOf].every(isStrictPart) &&
    (items === undefined || isStrictPart(items))
  );
};

const hasAll = (required: readonly unknown[], names: readonly string[]): boolean =>
  names.every((name) => required.includes(name));
