import type { AggregateName } from '../core/aggregate-rules.ts';
import { addPresent, renderFilter, renderWhere } from './moment-states.ts';
import { addState, type Drafts, gather } from './state-drafts.ts';

/** A call's value over merged states, and the states that it reads. */
export type CallValue = { readonly sql: string; readonly uses: readonly string[] };

/** An aggregate call, rendered. */
export type Call = {
  readonly name: AggregateName;
  readonly args: readonly string[];
  readonly conditions: readonly string[];
  /** Of the call over the whole. */
  readonly type: string;
};

export const argument = ({ name, args }: Call): string => {
  const [first] = args;
  if (first === undefined) throw new Error(`${name} was called without an argument`);
  return first;
};
export const isPresent = (sql: string): string => `(${sql} IS NOT NULL)`;
export const asDouble = (sql: string): string => `CAST(${sql} AS DOUBLE)`;

export const renderCall = ({ name, args, conditions }: Call): string =>
  `${name}(${args.join(', ')})${renderFilter(conditions)}`;

/** A state that the same function merges. */
export const addSame = (
  drafts: Drafts,
  call: Call,
  { single, merge = call.name }: { readonly single: string; readonly merge?: string },
): string =>
  addState(
    drafts,
    {
      partial: renderCall(call),
      single: renderWhere(call.conditions, single),
    },
    (state) => {
      const merged = gather(drafts, `${merge}(${state})`, state);
      return { sql: merged, uses: [merged] };
    },
  );

export const addArgumentCount = (drafts: Drafts, call: Call): string =>
  addPresent(drafts, argument(call), call.conditions);

export const addSum = (drafts: Drafts, call: Call, sum: 'sum' | 'fsum', type: string | undefined): string => {
  const value = argument(call);
  return addState(
    drafts,
    {
      partial: `${sum}(${value})${renderFilter(call.conditions)}`,
      // The sum of one row has the type of a sum, which list_sum gives where it is not known by name.
      single: renderWhere(
        call.conditions,
        type === undefined ? `list_sum([${value}])` : `CAST(${value} AS ${type})`,
      ),
    },
    (state) => {
      const merged = gather(drafts, `${sum}(${state})`, state);
      return { sql: merged, uses: [merged] };
    },
  );
};

export const divide = (sum: string, count: string): CallValue => ({
  sql: `CASE WHEN ${count} > 0 THEN ${asDouble(sum)} / ${count} END`,
  uses: [sum, count],
});
