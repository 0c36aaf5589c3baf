import { quoteText } from './quote.ts';

/** Renders which rows of `parquet_metadata` are of these columns, or of what is nested in them. */
export const renderIsNeeded = (columns: readonly string[]): string =>
  columns
    .map(
      (name) =>
        `lower(path_in_schema) = lower(${quoteText(name)}) OR starts_with(lower(path_in_schema), lower(${quoteText(`${name}, `)}))`,
    )
    .join(' OR ') || 'false';
