import { splitTypeParts } from '../core/parse-type.ts';
import { quoteIdentifier } from './quote.ts';

/** Types that a template gets as they are; all other scalars come as DuckDB's own text. */
const KEPT: ReadonlySet<string> = new Set([
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'UBIGINT',
  'HUGEINT',
  'UHUGEINT',
  'FLOAT',
  'DOUBLE',
  'VARCHAR',
]);

/** DuckDB's type in which a column of `type` is given to templates. Lists, structs and maps keep their shape. */
export const templateType = (type: string): string => {
  const [, element, length] = /^(.*)\[(\d*)\]$/s.exec(type) ?? [];
  if (element !== undefined) return `${templateType(element)}[${length}]`;
  const [, kind, inner = ''] = /^(STRUCT|MAP)\((.*)\)$/s.exec(type) ?? [];
  if (kind === 'MAP') {
    const [, value = ''] = splitTypeParts(inner);
    return `MAP(VARCHAR, ${templateType(value)})`;
  }
  if (kind === 'STRUCT') {
    const fields = splitTypeParts(inner).map(templateField);
    // Without names there is nothing to ask for: `row(1, 2)` is its text.
    return fields.includes(undefined) ? 'VARCHAR' : `STRUCT(${fields.join(', ')})`;
  }
  return KEPT.has(type) ? type : 'VARCHAR';
};

const templateField = (field: string): string | undefined => {
  const name = /^(?:"(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*) (?=.)/.exec(field)?.[0];
  return name === undefined ? undefined : `${name}${templateType(field.slice(name.length))}`;
};

/** A column as templates get it. */
export const renderTemplateColumn = ({
  name,
  type,
}: {
  readonly name: string;
  readonly type: string;
}): string => {
  const column = quoteIdentifier(name);
  const given = templateType(type);
  return given === type ? column : `CAST(${column} AS ${given}) AS ${column}`;
};
