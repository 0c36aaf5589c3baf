import type { Column } from '../contract/columns.ts';
import { type ComparisonType, childrenOf, type Expression } from '../core/expression.ts';
import { quoteText } from './quote.ts';
import { renderExpression } from './render-expression.ts';

/**
 * The law: a row group is left out only where its own bounds prove that no row of it satisfies the predicate.
 * What is not understood may match. Bounds order values as DuckDB compares them, also after an implicit cast
 * to a wider type, for whole numbers, decimals, dates and timestamps without zone alone: floats leave NaN out
 * of their bounds, and texts may have bounds that are cut off.
 */
const ORDERED_TYPE = /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|DECIMAL\(\d+,\s?\d+\)|DATE|TIMESTAMP)$/;

/** Types to which a constant may be cast and still keep that order. */
const CONSTANT_TYPE =
  /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL(\(\d+,\s?\d+\))?|FLOAT|DOUBLE|DATE|TIMESTAMP)$/;

const MAY_MATCH = 'true';

/** A comparison as it is with its sides changed. */
const MIRRORED: Partial<Record<ComparisonType, ComparisonType>> = {
  COMPARE_EQUAL: 'COMPARE_EQUAL',
  COMPARE_LESSTHAN: 'COMPARE_GREATERTHAN',
  COMPARE_GREATERTHAN: 'COMPARE_LESSTHAN',
  COMPARE_LESSTHANOREQUALTO: 'COMPARE_GREATERTHANOREQUALTO',
  COMPARE_GREATERTHANOREQUALTO: 'COMPARE_LESSTHANOREQUALTO',
};

/** What a column's chunk in a row group says of itself, as {@link renderBounds} names it. */
type Chunk = { readonly min: string; readonly max: string; readonly nulls: string };

const isConstant = (node: Expression): boolean => {
  if (node.kind === 'cast') return CONSTANT_TYPE.test(node.type) && isConstant(node.child);
  return node.kind === 'constant' && (node.type === 'number' || node.type === 'text');
};

/** Position of a plain column; undefined for what is none, or whose footer's path `column, field` could be another's. */
const columnIndex = (node: Expression, columns: readonly Column[]): number | undefined => {
  if (node.kind !== 'column' || node.path.length !== 1) return undefined;
  const name = node.path[0].toLowerCase();
  const index = columns.findIndex((candidate) => candidate.name.toLowerCase() === name);
  return index < 0 || name.includes(', ') ? undefined : index;
};

const chunkOf = (node: Expression, columns: readonly Column[]): Chunk | undefined => {
  const index = columnIndex(node, columns);
  if (index === undefined) return undefined;
  const type = columns[index]?.type ?? '';
  const bound = (name: string): string =>
    ORDERED_TYPE.test(type) ? `TRY_CAST(${name}_${index} AS ${type})` : 'NULL';
  return { min: bound('min'), max: bound('max'), nulls: `nulls_${index}` };
};

const indexesIn = (node: Expression, columns: readonly Column[]): readonly number[] => [
  ...[columnIndex(node, columns)].flatMap((index) => index ?? []),
  ...childrenOf(node).flatMap((child) => indexesIn(child, columns)),
];

/** The aggregates over `parquet_metadata`, grouped by row group, that {@link renderMayMatch} looks at. */
export const renderBounds = (predicate: Expression, columns: readonly Column[]): readonly string[] =>
  [...new Set(indexesIn(predicate, columns))].flatMap((index) => {
    const own = `FILTER (lower(path_in_schema) = lower(${quoteText(columns[index]?.name ?? '')}))`;
    return [
      `any_value(stats_min_value) ${own} AS min_${index}`,
      `any_value(stats_max_value) ${own} AS max_${index}`,
      `any_value(stats_null_count) ${own} AS nulls_${index}`,
    ];
  });

const compare = (chunk: Chunk, type: ComparisonType | undefined, constant: Expression): string => {
  const value = renderExpression(constant);
  switch (type) {
    case 'COMPARE_EQUAL':
      return `(${chunk.min} <= ${value} AND ${chunk.max} >= ${value})`;
    case 'COMPARE_LESSTHAN':
      return `${chunk.min} < ${value}`;
    case 'COMPARE_LESSTHANOREQUALTO':
      return `${chunk.min} <= ${value}`;
    case 'COMPARE_GREATERTHAN':
      return `${chunk.max} > ${value}`;
    case 'COMPARE_GREATERTHANOREQUALTO':
      return `${chunk.max} >= ${value}`;
    default:
      return MAY_MATCH;
  }
};

const renderLeaf = (predicate: Expression, columns: readonly Column[]): string => {
  switch (predicate.kind) {
    case 'comparison': {
      const { left, right, type } = predicate;
      const [leftChunk, rightChunk] = [chunkOf(left, columns), chunkOf(right, columns)];
      if (leftChunk !== undefined && isConstant(right)) return compare(leftChunk, type, right);
      if (rightChunk !== undefined && isConstant(left)) return compare(rightChunk, MIRRORED[type], left);
      return MAY_MATCH;
    }
    case 'between': {
      const chunk = chunkOf(predicate.input, columns);
      if (chunk === undefined || !isConstant(predicate.lower) || !isConstant(predicate.upper))
        return MAY_MATCH;
      const above = compare(chunk, 'COMPARE_GREATERTHANOREQUALTO', predicate.lower);
      return `(${above} AND ${compare(chunk, 'COMPARE_LESSTHANOREQUALTO', predicate.upper)})`;
    }
    case 'operator': {
      const [input, ...rest] = predicate.children;
      const chunk = input === undefined ? undefined : chunkOf(input, columns);
      if (chunk === undefined) return MAY_MATCH;
      if (predicate.type === 'OPERATOR_IS_NULL') return `${chunk.nulls} > 0`;
      if (predicate.type !== 'COMPARE_IN' || !rest.every(isConstant)) return MAY_MATCH;
      return `(${rest.map((constant) => compare(chunk, 'COMPARE_EQUAL', constant)).join(' OR ')})`;
    }
    default:
      return MAY_MATCH;
  }
};

/**
 * Renders whether a row group may have a row that satisfies the predicate, from its {@link renderBounds}.
 * `columns` are those of the files with the types of the input.
 */
export const renderMayMatch = (predicate: Expression, columns: readonly Column[]): string => {
  if (predicate.kind !== 'conjunction') return `coalesce(TRY(${renderLeaf(predicate, columns)}), true)`;
  return `(${predicate.children.map((child) => renderMayMatch(child, columns)).join(` ${predicate.type} `)})`;
};
