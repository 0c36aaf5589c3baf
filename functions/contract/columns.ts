/** A column of an input or of an intermediate result; `type` is DuckDB's type text, for example `DECIMAL(18,3)`. */
export type Column = { readonly name: string; readonly type: string };
