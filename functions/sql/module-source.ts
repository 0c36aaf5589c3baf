import type { Column } from '../contract/columns.ts';
import { quoteIdentifier } from './quote.ts';

/**
 * Renders the query whose rows a module step gets: of `map_groups` the keys, then the columns of the function,
 * in the order of all of them, so that groups come together and equal inputs give equal calls.
 */
export const renderModuleSource = (
  /** A FROM item. */
  source: string,
  step: { readonly kind: string; readonly keys: readonly Column[]; readonly input: readonly Column[] },
): string => {
  const list = (columns: readonly Column[]) => columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  if (step.kind !== 'map_groups') return `SELECT ${list(step.input)} FROM ${source}`;
  // A column that is a key and an input stands twice, so names do not matter: only positions do.
  return `SELECT ${list([...step.keys, ...step.input])} FROM ${source} ORDER BY ALL`;
};
