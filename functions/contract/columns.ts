import * as z from 'zod';

/** A column as DuckDB's DESCRIBE names it, as it stands in plans and reports. */
export const PlannedColumn = z
  .strictObject({ name: z.string(), type: z.string() })
  .meta({ id: 'PlannedColumn' });

/** A column of an input or of an intermediate result; `type` is DuckDB's type text, for example `DECIMAL(18,3)`. */
export type Column = { readonly name: string; readonly type: string };
