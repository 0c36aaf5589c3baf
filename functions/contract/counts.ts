import * as z from 'zod';

const Rows = z.int().nonnegative();

/**
 * Where the rows of a task or a stage went, each term from its own witness, none by subtraction.
 * Law: read + grown = written + rejected + dropped + folded + cut. `pruned` stands outside of it.
 */
export const Counts = z
  .strictObject({
    read: Rows.describe('rows the reader delivered'),
    grown: Rows.describe('rows that unnest or flat_map added'),
    written: Rows.describe('rows in the block'),
    rejected: Rows.describe('rows that could not be processed, kept with their cause'),
    dropped: Rows.describe('rows that a filter left out'),
    folded: Rows.describe('rows that an aggregate or distinct took into others'),
    cut: Rows.describe('rows that a limit left out'),
    pruned: Rows.describe('rows of Parquet row groups that were never read, by their footer'),
  })
  .meta({ id: 'Counts' });
export type Counts = z.infer<typeof Counts>;

export const COUNT_TERMS = Object.keys(Counts.shape) as readonly (keyof Counts)[];
