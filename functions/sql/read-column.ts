import type { Column } from '../contract/columns.ts';
import type { PinnedFile, PinnedInput } from '../contract/pinned-input.ts';
import { quoteIdentifier, quoteText } from './quote.ts';

/** Files that one reader reads, in order, and what is selected from it. */
export type InputGroup = {
  readonly files: readonly PinnedFile[];
  readonly select: string;
  readonly from: string;
};

/** Which value a file has, chosen by the reader's own number of the file. */
const renderPerFile = (values: readonly (string | null)[], type: string): string => {
  const [first] = values;
  const literal = (value: string | null | undefined): string =>
    value === null || value === undefined ? 'NULL' : quoteText(value);
  if (values.every((value) => value === first)) return `CAST(${literal(first)} AS ${type})`;
  return `CAST([${values.map(literal).join(', ')}] AS ${type}[])[CAST(file_index AS BIGINT) + 1]`;
};

/** Renders a column of a group: of the files, of their folders, their path, or NULL where the group lacks it. */
export const renderInputColumn = (
  input: PinnedInput,
  column: Column,
  group: {
    readonly files: readonly PinnedFile[];
    readonly has: (name: string) => boolean;
    readonly from?: string;
  },
): string => {
  const name = quoteIdentifier(column.name);
  if (input.hive.includes(column.name))
    return `${renderPerFile(
      group.files.map(({ hive }) => hive?.[column.name] ?? null),
      column.type,
    )} AS ${name}`;
  if (input.filename === column.name)
    return `${renderPerFile(
      group.files.map(({ path }) => path),
      column.type,
    )} AS ${name}`;
  if (!group.has(column.name)) return `CAST(NULL AS ${column.type}) AS ${name}`;
  return group.from === undefined ? name : `${group.from}.${name} AS ${name}`;
};
