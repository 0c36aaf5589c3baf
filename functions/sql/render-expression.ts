import { LAMBDA_FUNCTIONS } from '../contract/sql-functions.ts';
import {
  COMPARISONS,
  type Expression,
  type FunctionNode,
  type OperatorNode,
  type Order,
  parametersOf,
} from '../core/expression.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

/**
 * Renders an expression as SQL that DuckDB parses back into the same tree. Names are quoted, operators
 * stand in parentheses, and fields are taken from a column in parentheses, so that the text means the
 * same wherever it is put, whatever tables and aliases are near.
 */
export const renderExpression = (node: Expression): string => {
  switch (node.kind) {
    case 'column': {
      const [column, ...fields] = node.path;
      return fields.reduce((text, field) => `(${text}).${quoteIdentifier(field)}`, quoteIdentifier(column));
    }
    case 'constant':
      if (node.type === 'text') return quoteText(node.value);
      return node.value.startsWith('-') ? `(${node.value})` : node.value;
    case 'function':
      return renderFunction(node);
    case 'cast':
      return `${node.isTry ? 'TRY_CAST' : 'CAST'}(${renderExpression(node.child)} AS ${node.type})`;
    case 'case': {
      const checks = node.checks.map(
        ({ when, result }) => `WHEN ${renderExpression(when)} THEN ${renderExpression(result)}`,
      );
      return `CASE ${checks.join(' ')} ELSE ${renderExpression(node.otherwise)} END`;
    }
    case 'comparison':
      return `(${renderExpression(node.left)} ${COMPARISONS[node.type]} ${renderExpression(node.right)})`;
    case 'conjunction':
      return `(${node.children.map(renderExpression).join(` ${node.type} `)})`;
    case 'between':
      return `(${renderExpression(node.input)} BETWEEN ${renderExpression(node.lower)} AND ${renderExpression(node.upper)})`;
    case 'operator':
      return renderOperator(node);
    case 'lambda':
      return `(${renderExpression(node.left)} -> ${renderExpression(node.body)})`;
    case 'refused':
      throw new Error('a refused expression was rendered');
  }
};

const renderOperator = (node: OperatorNode): string => {
  const [first = '', ...rest] = node.children.map(renderExpression);
  switch (node.type) {
    case 'OPERATOR_NOT':
      return `(NOT ${first})`;
    case 'OPERATOR_IS_NULL':
      return `(${first} IS NULL)`;
    case 'OPERATOR_IS_NOT_NULL':
      return `(${first} IS NOT NULL)`;
    case 'OPERATOR_COALESCE':
      return `COALESCE(${[first, ...rest].join(', ')})`;
    case 'OPERATOR_TRY':
      return `TRY(${first})`;
    case 'COMPARE_IN':
      return `(${first} IN (${rest.join(', ')}))`;
    case 'COMPARE_NOT_IN':
      return `(${first} NOT IN (${rest.join(', ')}))`;
    case 'ARRAY_EXTRACT':
      return `(${first})[${rest.join('')}]`;
    case 'ARRAY_SLICE': {
      // With a step, a bound left out at the end is written as a dash.
      const [from = '', to = '', step] = rest;
      return `(${first})[${from}:${step === undefined ? to : `${to === '' ? '-' : to}:${step}`}]`;
    }
    case 'STRUCT_EXTRACT': {
      const field = node.children[1];
      if (field?.kind !== 'constant') throw new Error('a field was taken by a name that is no constant');
      return `(${first}).${quoteIdentifier(field.value)}`;
    }
    case 'ARRAY_CONSTRUCTOR':
      return `ARRAY[${node.children.map(renderExpression).join(', ')}]`;
  }
};

const renderFunction = (node: FunctionNode): string => {
  const texts = node.children.map(({ name, value }, index) => {
    const text =
      index === 1 && value.kind === 'lambda' && LAMBDA_FUNCTIONS.has(node.name)
        ? `lambda ${(parametersOf(value.left) ?? []).map(quoteIdentifier).join(', ')}: ${renderExpression(value.body)}`
        : renderExpression(value);
    return name === undefined ? text : `${quoteIdentifier(name)} := ${text}`;
  });
  const [first = '', second] = texts;
  if (node.isOperator) {
    if (node.name === '!__postfix') return `(${first} !)`;
    return second === undefined ? `(${node.name} ${first})` : `(${first} ${node.name} ${second})`;
  }
  const distinct = node.isDistinct ? 'DISTINCT ' : '';
  const orders = node.orders.length === 0 ? '' : ` ORDER BY ${node.orders.map(renderOrder).join(', ')}`;
  const filter = node.filter === undefined ? '' : ` FILTER (WHERE ${renderExpression(node.filter)})`;
  return `${quoteIdentifier(node.name)}(${distinct}${texts.join(', ')}${orders})${filter}`;
};

/** Renders a sort key with its direction and the place of NULL spelt out. */
export const renderOrder = ({ value, direction, nulls }: Order): string =>
  `${renderExpression(value)} ${direction} NULLS ${nulls}`;
