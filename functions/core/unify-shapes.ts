import type { Column } from '../contract/columns.ts';
import { InputSchemaError } from '../contract/errors-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { widenParquetTypes } from './unify-types.ts';

/** The columns of one file; others may have the same. */
export type FileShape = { readonly path: string; readonly columns: readonly Column[] };

/**
 * The columns that files with typed columns have together: by name, in the order of the first, each with a type
 * that holds every value of theirs. Throws InputSchemaError where there is none, and with `same` where a file
 * lacks columns or has more.
 */
export const unifyShapes = (shapes: readonly FileShape[], schema: 'same' | 'union'): readonly Column[] => {
  const byName = new Map<string, { readonly name: string; readonly types: string[] }>();
  for (const { columns } of shapes)
    for (const { name, type } of columns) {
      const entry = byName.get(foldColumnName(name)) ?? { name, types: [] };
      entry.types.push(type);
      byName.set(foldColumnName(name), entry);
    }
  if (schema === 'same') requireSame(shapes);
  return [...byName.values()].map(({ name, types }) => {
    const type = widenParquetTypes(types);
    if (type !== undefined) return { name, type };
    const odd = shapes.find(({ columns }) =>
      columns.some(
        (column) => foldColumnName(column.name) === foldColumnName(name) && column.type !== types[0],
      ),
    );
    throw new InputSchemaError({
      path: odd?.path ?? '',
      reason: `has another type than ${JSON.stringify(shapes[0]?.path)}, and none holds both (${[...new Set(types)].join(', ')})`,
      columns: [name],
    });
  });
};

const requireSame = (shapes: readonly FileShape[]): void => {
  const [first] = shapes;
  const expected = new Map((first?.columns ?? []).map(({ name }) => [foldColumnName(name), name]));
  for (const { path, columns } of shapes) {
    const names = new Set(columns.map(({ name }) => foldColumnName(name)));
    const lacking = [...expected].filter(([folded]) => !names.has(folded)).map(([, name]) => name);
    const extra = columns.filter(({ name }) => !expected.has(foldColumnName(name))).map(({ name }) => name);
    if (lacking.length === 0 && extra.length === 0) continue;
    throw new InputSchemaError({
      path,
      reason: `${lacking.length > 0 ? 'lacks columns of' : 'has more columns than'} ${JSON.stringify(first?.path)}; set input.schema: union to read both`,
      columns: lacking.length > 0 ? lacking : extra,
    });
  }
};
