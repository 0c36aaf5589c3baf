import { type FunctionNode, isSameExpression } from './expression.ts';

/**
 * `mode() WITHIN GROUP (ORDER BY x)` is `mode(x ORDER BY x)`, and `percentile_cont(p) WITHIN GROUP
 * (ORDER BY x)`, which the parser calls `quantile_cont(p ORDER BY x)`, is `quantile_cont(x, p)`.
 */
export const unwrapWithinGroup = (node: FunctionNode): FunctionNode | undefined => {
  const [order, ...more] = node.orders;
  const ordered = order === undefined ? [] : [{ name: undefined, value: order.value }];
  if (node.name === 'mode' && node.children.length === 0 && more.length === 0)
    return { ...node, children: ordered };
  if (!/^quantile(_cont|_disc)?$/.test(node.name) || node.children.length !== 1 || order === undefined)
    return node;
  if (more.length > 0 || order.direction === 'DESC') return undefined;
  return { ...node, children: [...ordered, ...node.children], orders: [] };
};

/** What to write instead of an order-dependent call without an ORDER BY. */
export const orderAdvice = (node: FunctionNode): string => {
  const shown = node.children.map(({ value }) => (value.kind === 'column' ? value.path.join('.') : '…'));
  const example = `${node.name}(${shown.join(', ')} ORDER BY ${shown[0] ?? '…'})`;
  return `${node.name} depends on the order of rows and needs an ORDER BY inside, for example ${example}`;
};

/** Adds the aggregate's own arguments as the last keys: rows that still tie give the same values. */
export const completeOrder = (node: FunctionNode): FunctionNode => {
  const orders = [...node.orders];
  for (const { value } of node.children.toReversed()) {
    if (value.kind === 'constant' || orders.some((order) => isSameExpression(order.value, value))) continue;
    orders.push({ direction: 'ASC', nulls: 'LAST', value });
  }
  return { ...node, orders };
};
