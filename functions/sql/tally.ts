/**
 * A witness inside the query: a volatile function that DuckDB calls on exactly the rows of one term of
 * the conservation law, and that counts them. DuckDB neither merges nor reorders volatile filters, which
 * `test/sql/compile-steps.test.ts` holds against its optimizer.
 *
 * `read` and `dropped` count rows. `lengths` gets the length of each list to unnest, `folded` the rows of
 * each group, `entered` counts the rows that reach a sort with a limit. `carried-out` and `carried-in` sum the
 * hidden counts of the groups that leave one stage and of those that the next one merges.
 */
export type Tally = {
  readonly name: string;
  readonly step: number | 'input';
  readonly term: 'read' | 'dropped' | 'lengths' | 'folded' | 'carried-in' | 'carried-out' | 'entered';
  /** What the function returns: 0 removes the row, 1 keeps it. */
  readonly keeps: 0 | 1;
  /** Of `entered`: rows that pass. */
  readonly limit?: number;
};

/** A count that is taken by a query of its own, beside the main one. */
export type Probe = { readonly step: number; readonly term: 'dropped'; readonly sql: string };

/** What a query needs beside its text; filled while it is rendered. */
export type Compiler = {
  /** Of the queries of one task, so that none finds the witnesses of another. */
  readonly segment: number;
  readonly tallies: Tally[];
  readonly probes: Probe[];
};

/** Adds a witness and returns the name of its function. */
export const addTally = (compiler: Compiler, tally: Omit<Tally, 'name'>): string => {
  const name = `daybreak_tally_${compiler.segment}_${compiler.tallies.length}`;
  compiler.tallies.push({ name, ...tally });
  return name;
};
