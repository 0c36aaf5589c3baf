const withoutNul = (text: string, what: string): string => {
  if (text.includes('\0')) throw new Error(`${what} holds a NUL character, which DuckDB's SQL cannot carry`);
  return text;
};

/** Quotes a name as DuckDB's SQL wants it: `a"b` becomes `"a""b"`. Throws on a NUL character. */
export const quoteIdentifier = (name: string): string =>
  `"${withoutNul(name, 'a name').replaceAll('"', '""')}"`;

/** Quotes a text as a DuckDB string literal: `it's` becomes `'it''s'`. Throws on a NUL character. */
export const quoteText = (text: string): string => `'${withoutNul(text, 'a text').replaceAll("'", "''")}'`;

/**
 * Turns a literal path into the pattern that DuckDB's readers match against that path alone:
 * `a*.csv` becomes `a[*].csv`. Writers (`COPY … TO`) take the literal path, not this.
 */
export const globOfPath = (path: string): string => path.replace(/[*?[]/g, '[$&]');

/** Whether a reader can be given this path at all: DuckDB takes `\` in a pattern as a separator. */
export const isReadablePath = (path: string): boolean =>
  !path.includes('\0') && !(path.includes('\\') && /[*?[]/.test(path));

/** Quotes a literal path for a reader (`read_csv`, `read_parquet` …), whatever characters it has. */
export const quotePath = (path: string): string => {
  if (!isReadablePath(path))
    throw new Error('a path that DuckDB cannot read was not refused before: it mixes \\ with * ? or [');
  return quoteText(globOfPath(path));
};
