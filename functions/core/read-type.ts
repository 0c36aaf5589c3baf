/** A type in the tree of DuckDB's parser. */
export type RawType = { readonly id: string; readonly type_info: unknown };

type TypeInfo = {
  readonly type?: string;
  readonly alias?: string;
  readonly width?: number;
  readonly scale?: number;
  readonly size?: number;
  readonly child_type?: RawType;
  readonly child_types?: readonly { readonly first: string; readonly second: RawType }[];
  readonly name?: string;
  readonly catalog?: string;
  readonly schema?: string;
  readonly user_type_modifiers?: readonly { readonly value?: unknown }[];
};

const SIMPLE_TYPES: ReadonlySet<string> = new Set([
  'BIGINT',
  'BIT',
  'BLOB',
  'BOOLEAN',
  'DATE',
  'DOUBLE',
  'FLOAT',
  'HUGEINT',
  'INTEGER',
  'INTERVAL',
  'SMALLINT',
  'TIME',
  'TIME WITH TIME ZONE',
  'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE',
  'TIMESTAMP_MS',
  'TIMESTAMP_NS',
  'TIMESTAMP_S',
  'TIME_NS',
  'TINYINT',
  'UBIGINT',
  'UHUGEINT',
  'UINTEGER',
  'USMALLINT',
  'UTINYINT',
  'UUID',
  'VARCHAR',
]);

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Reads the type of a cast as DuckDB's type text, or `undefined` where a cast to it is not allowed:
 * names that are no built-in types, collations, GEOMETRY, VARIANT, and the engine's own types.
 */
export const readType = (raw: RawType): string | undefined => {
  // The shape is the engine's own; anything that is not there reads as refused.
  const info = (raw.type_info ?? {}) as TypeInfo;
  if (info.alias !== undefined && info.alias !== '') return undefined;
  if (SIMPLE_TYPES.has(raw.id)) return raw.type_info === null ? raw.id : undefined;
  switch (raw.id) {
    case 'DECIMAL':
      return `DECIMAL(${info.width},${info.scale})`;
    case 'LIST':
      return suffixed(info, '[]');
    case 'ARRAY':
      return suffixed(info, `[${info.size}]`);
    case 'STRUCT':
      return readFields('STRUCT', info.child_types ?? []);
    case 'UNION':
      // The first child is the tag, which the text does not name.
      return readFields('UNION', (info.child_types ?? []).slice(1));
    case 'MAP':
      return readMap(info);
    case 'UNBOUND':
      return readNamed(info);
    default:
      return undefined;
  }
};

const suffixed = (info: TypeInfo, suffix: string): string | undefined => {
  const child = info.child_type === undefined ? undefined : readType(info.child_type);
  return child === undefined ? undefined : `${child}${suffix}`;
};

const readFields = (word: string, fields: NonNullable<TypeInfo['child_types']>): string | undefined => {
  const texts = fields.map(({ first, second }) => {
    const type = readType(second);
    return type === undefined || first.includes('\0') ? undefined : `${quoteName(first)} ${type}`;
  });
  return texts.includes(undefined) || texts.length === 0 ? undefined : `${word}(${texts.join(', ')})`;
};

const readMap = (info: TypeInfo): string | undefined => {
  const entry = (info.child_type?.type_info ?? {}) as TypeInfo;
  const [key, value] = (entry.child_types ?? []).map(({ second }) => readType(second));
  return key === undefined || value === undefined ? undefined : `MAP(${key}, ${value})`;
};

const readNamed = (info: TypeInfo): string | undefined => {
  if (info.catalog !== '' || info.schema !== '') return undefined;
  const name = info.name?.toUpperCase();
  const modifiers = info.user_type_modifiers ?? [];
  if (name === 'JSON' && modifiers.length === 0) return 'JSON';
  if (name !== 'ENUM' || modifiers.length === 0) return undefined;
  const values = modifiers.map(({ value }) =>
    typeof value === 'string' && !value.includes('\0') ? `'${value.replaceAll("'", "''")}'` : undefined,
  );
  return values.includes(undefined) ? undefined : `ENUM(${values.join(', ')})`;
};
