import { childrenOf, type Expression } from './expression.ts';

/** The names that an expression reads: columns, and the parameters of its lambdas. */
export const columnsOf = (expression: Expression): ReadonlySet<string> => {
  const names = new Set<string>(expression.kind === 'column' ? [expression.path[0]] : []);
  for (const child of childrenOf(expression)) for (const name of columnsOf(child)) names.add(name);
  return names;
};
