import * as z from 'zod';

const Version = z.string().min(1).max(100);

/** Versions that decide bytes or the place of a row. They stand in the plan and in each commit; seal refuses a mix. */
export const FormatVersions = z
  .strictObject({
    engine: Version.describe('the SQL engine with its version, for example duckdb-1.5.5'),
    block: Version.describe('the layout of blocks'),
    partitioner: Version.describe('name and version of what assigns rows to partitions'),
  })
  .meta({ id: 'FormatVersions' });
export type FormatVersions = z.infer<typeof FormatVersions>;

export const isSameFormats = (left: FormatVersions, right: FormatVersions): boolean =>
  left.engine === right.engine && left.block === right.block && left.partitioner === right.partitioner;
