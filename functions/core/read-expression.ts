import type { Problem } from '../contract/errors.ts';
import {
  type Argument,
  COMPARISONS,
  type ComparisonType,
  type Expression,
  OPERATOR_TYPES,
  type OperatorType,
  type Order,
} from './expression.ts';
import { type ExpressionSource, expressionProblem } from './expression-problem.ts';
import { renderNumber } from './read-number.ts';
import { type RawType, readType } from './read-type.ts';

/** A node of the tree that DuckDB's `json_serialize_sql` writes. */
export type RawNode = { readonly class: string; readonly type: string; readonly [key: string]: unknown };

/** Deeper trees would bring the engine, and whoever walks them, near the end of the stack. */
export const MAX_EXPRESSION_DEPTH = 200;

/** What the parser reads and an expression may not hold, with what to do instead. */
const REFUSED_CLASSES: Readonly<Record<string, string>> = {
  SUBQUERY:
    'a subquery is not allowed: an expression sees one row; for a list use list_contains or list_bool_or',
  WINDOW:
    'a window function is not allowed: an expression sees one row; group_by looks at the rows of a group',
  STAR: 'a star or COLUMNS() is not allowed: name the columns',
  COLLATE: 'COLLATE is not allowed: lower, strip_accents and nfc_normalize make text comparable',
  PARAMETER: 'a parameter ($1 or ?) is not allowed: write the value',
  POSITIONAL_REFERENCE: 'a position (#1) is not allowed: name the column',
  DEFAULT: 'DEFAULT is not allowed: write the value',
};

const REFUSED_OPERATORS: Readonly<Record<string, string>> = {
  GROUPING_FUNCTION: 'GROUPING is not allowed: group_by has one set of keys',
  OPERATOR_UNPACK: 'UNPACK is not allowed: name the columns',
};

type Reader = {
  readonly source: ExpressionSource;
  /** Bytes of the statement before the text. */
  readonly prefixBytes: number;
  readonly problems: Problem[];
  depth: number;
};

/** Reads a node of DuckDB's tree; what an expression may not hold becomes a problem and a refused node. */
export const readExpression = (
  raw: RawNode,
  source: ExpressionSource,
  prefixBytes: number,
): { readonly expression: Expression; readonly problems: readonly Problem[] } => {
  const reader: Reader = { source, prefixBytes, problems: [], depth: 0 };
  return { expression: read(reader, raw), problems: reader.problems };
};

const read = (reader: Reader, raw: RawNode): Expression => {
  if (reader.depth >= MAX_EXPRESSION_DEPTH) {
    const message = `the expression nests deeper than ${MAX_EXPRESSION_DEPTH} levels: use extend to name its parts`;
    return refuse(reader, raw, message);
  }
  reader.depth += 1;
  const expression = readNode(reader, raw);
  reader.depth -= 1;
  return expression;
};

const readNode = (reader: Reader, raw: RawNode): Expression => {
  const at = locationOf(reader, raw);
  switch (raw.class) {
    case 'COLUMN_REF':
      return readColumn(reader, raw);
    case 'CONSTANT':
      return readConstant(reader, raw);
    case 'FUNCTION':
      return readFunction(reader, raw);
    case 'CAST':
      return readCast(reader, raw);
    case 'CASE':
      return {
        kind: 'case',
        at,
        checks: listOf(raw, 'case_checks').map((check) => ({
          when: read(reader, nodeOf(check, 'when_expr')),
          result: read(reader, nodeOf(check, 'then_expr')),
        })),
        otherwise: read(reader, nodeOf(raw, 'else_expr')),
      };
    case 'COMPARISON': {
      if (!(raw.type in COMPARISONS)) return refuse(reader, raw, 'this comparison is not allowed');
      const type = raw.type as ComparisonType;
      return {
        kind: 'comparison',
        at,
        type,
        left: child(reader, raw, 'left'),
        right: child(reader, raw, 'right'),
      };
    }
    case 'CONJUNCTION':
      return {
        kind: 'conjunction',
        at,
        type: raw.type === 'CONJUNCTION_OR' ? 'OR' : 'AND',
        children: listOf(raw, 'children').map((node) => read(reader, node)),
      };
    case 'BETWEEN':
      return {
        kind: 'between',
        at,
        input: child(reader, raw, 'input'),
        lower: child(reader, raw, 'lower'),
        upper: child(reader, raw, 'upper'),
      };
    case 'OPERATOR': {
      const type = OPERATOR_TYPES.find((known): known is OperatorType => known === raw.type);
      if (type === undefined)
        return refuse(reader, raw, REFUSED_OPERATORS[raw.type] ?? 'this operator is not allowed');
      return {
        kind: 'operator',
        at,
        type,
        children: listOf(raw, 'children').map((node) => read(reader, node)),
      };
    }
    case 'LAMBDA':
      return { kind: 'lambda', at, left: child(reader, raw, 'lhs'), body: child(reader, raw, 'expr') };
    default:
      return refuse(reader, raw, REFUSED_CLASSES[raw.class] ?? 'this is not allowed in an expression');
  }
};

const refuse = (reader: Reader, raw: RawNode, message: string): Expression => {
  const at = locationOf(reader, raw);
  reader.problems.push(expressionProblem(reader.source, message, { at }));
  return { kind: 'refused', at };
};

const readColumn = (reader: Reader, raw: RawNode): Expression => {
  // The parser gives at least one name.
  const [first, ...rest] = raw.column_names as readonly string[];
  if (first === undefined) throw new Error('DuckDB gave a column reference without a name');
  if ([first, ...rest].some((name) => name.includes('\0')))
    return refuse(reader, raw, 'a name holds a NUL character');
  return { kind: 'column', at: locationOf(reader, raw), path: [first, ...rest] };
};

const readConstant = (reader: Reader, raw: RawNode): Expression => {
  const value = raw.value as { type: RawType; is_null: boolean; value?: unknown };
  const at = locationOf(reader, raw);
  if (value.is_null) return { kind: 'constant', at, type: 'null', value: 'NULL' };
  switch (value.type.id) {
    case 'VARCHAR': {
      const text = String(value.value);
      if (text.includes('\0')) return refuse(reader, raw, 'a text holds a NUL character: use chr(0)');
      return { kind: 'constant', at, type: 'text', value: text };
    }
    case 'BOOLEAN':
      return { kind: 'constant', at, type: 'boolean', value: value.value === true ? 'true' : 'false' };
    case 'LIST':
      return { kind: 'constant', at, type: 'absent', value: '' };
    default: {
      const text = renderNumber(value.type, value.value);
      if (text === undefined)
        return refuse(reader, raw, 'this constant is not a number that DuckDB can hold');
      return { kind: 'constant', at, type: 'number', value: text };
    }
  }
};

const readFunction = (reader: Reader, raw: RawNode): Expression => {
  const name = String(raw.function_name).toLowerCase();
  // The parser itself writes the schema `main` before what it makes of literals and clauses.
  if (raw.catalog !== '' || (raw.schema !== '' && raw.schema !== 'main')) {
    const advice = raw.catalog === '' ? `: write ${name}(${raw.schema}, …) without the dot` : '';
    return refuse(reader, raw, `a qualified function name is not allowed${advice}`);
  }
  if (raw.export_state === true) return refuse(reader, raw, 'EXPORT_STATE is not allowed');
  return {
    kind: 'function',
    at: locationOf(reader, raw),
    name,
    isOperator: raw.is_operator === true,
    children: listOf(raw, 'children').map(
      (node): Argument => ({ name: aliasOf(node), value: read(reader, node) }),
    ),
    isDistinct: raw.distinct === true,
    filter: raw.filter === null ? undefined : child(reader, raw, 'filter'),
    orders: listOf(raw.order_bys as RawNode, 'orders').map((order) => readOrder(reader, order)),
  };
};

const readOrder = (reader: Reader, raw: RawNode): Order => ({
  direction: raw.type === 'DESCENDING' ? 'DESC' : 'ASC',
  nulls: raw.null_order === 'NULLS FIRST' ? 'FIRST' : 'LAST',
  value: child(reader, raw, 'expression'),
});

/** Reads a sort key: its expression, direction and the place of NULL (last, unless said). */
export const readSortKey = (
  raw: RawNode,
  source: ExpressionSource,
  prefixBytes: number,
): { readonly order: Order; readonly problems: readonly Problem[] } => {
  const reader: Reader = { source, prefixBytes, problems: [], depth: 0 };
  return { order: readOrder(reader, raw), problems: reader.problems };
};

const readCast = (reader: Reader, raw: RawNode): Expression => {
  const castType = raw.cast_type as RawType;
  const type = readType(castType);
  const value = child(reader, raw, 'child');
  if (type === undefined) {
    const info = castType.type_info as { name?: string; alias?: string } | null;
    const name = info?.name ?? (info?.alias || castType.id);
    return refuse(reader, raw, `a cast to the type ${name} is not allowed, or there is no such type`);
  }
  const at = locationOf(reader, raw);
  const isTry = raw.try_cast === true;
  // `true` and `false` reach us as casts.
  if (type === 'BOOLEAN' && !isTry && value.kind === 'constant' && value.type === 'text') {
    if (value.value === 't') return { kind: 'constant', at, type: 'boolean', value: 'true' };
    if (value.value === 'f') return { kind: 'constant', at, type: 'boolean', value: 'false' };
  }
  return { kind: 'cast', at, child: value, type, isTry };
};

const child = (reader: Reader, raw: RawNode, key: string): Expression => read(reader, nodeOf(raw, key));

const nodeOf = (raw: RawNode, key: string): RawNode => {
  const node = raw[key];
  if (typeof node !== 'object' || node === null)
    throw new Error(`DuckDB gave a ${raw.class} node without ${key}`);
  return node as RawNode;
};

const listOf = (raw: RawNode, key: string): readonly RawNode[] => {
  const nodes = raw[key];
  if (!Array.isArray(nodes)) throw new Error(`DuckDB gave a ${raw.class ?? raw.type} node without ${key}`);
  return nodes as readonly RawNode[];
};

const aliasOf = (raw: RawNode): string | undefined =>
  typeof raw.alias === 'string' && raw.alias !== '' ? raw.alias : undefined;

/** DuckDB writes 2^64 - 1 where a node has no place of its own. */
const locationOf = (reader: Reader, raw: RawNode): number | undefined => {
  const location = Number(raw.query_location);
  return Number.isSafeInteger(location) && location >= reader.prefixBytes
    ? location - reader.prefixBytes
    : undefined;
};
