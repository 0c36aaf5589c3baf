/** A scalar over gathered and derived columns, and which of them it reads. */
export type Merged = { readonly sql: string; readonly uses: readonly string[] };

/** A state column while a decomposition is rendered: its type is not known yet. */
export type StateDraft = {
  readonly name: string;
  readonly partial: string;
  readonly single: string;
  /** Asked for when all states are there. */
  readonly merge: () => Merged;
};

export type Gathered = Merged & { readonly name: string };

/**
 * What a decomposition has so far. Calls share what they have in common: `avg(x)` and `sum(x)` one sum, all moments
 * of x one count.
 */
export type Drafts = {
  readonly prefix: string;
  readonly states: StateDraft[];
  readonly gathered: Gathered[];
  readonly derived: Gathered[];
};

export const createDrafts = (prefix: string): Drafts => ({ prefix, states: [], gathered: [], derived: [] });

/** The name of the state with that partial aggregate; what `merge` gives, by that name, merges it. */
export const addState = (
  drafts: Drafts,
  { partial, single }: { readonly partial: string; readonly single: string },
  merge: (name: string) => Merged,
): string => {
  const known = drafts.states.find((state) => state.partial === partial);
  if (known !== undefined) return known.name;
  const name = `${drafts.prefix}s${drafts.states.length}`;
  drafts.states.push({ name, partial, single, merge: () => merge(name) });
  return name;
};

const addTo = (list: Gathered[], stem: string, column: Merged): string => {
  const known = list.find(({ sql }) => sql === column.sql);
  if (known !== undefined) return known.name;
  const name = `${stem}${list.length}`;
  list.push({ name, ...column });
  return name;
};

/** The name of an aggregate over the states of a group. */
export const gather = (drafts: Drafts, sql: string, ...uses: readonly string[]): string =>
  addTo(drafts.gathered, `${drafts.prefix}g`, { sql, uses });

/** The name of a scalar over gathered columns. */
export const derive = (drafts: Drafts, sql: string, ...uses: readonly string[]): string =>
  addTo(drafts.derived, `${drafts.prefix}d`, { sql, uses });
