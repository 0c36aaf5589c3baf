import type { DuckDBConnection } from '@duckdb/node-api';
import type { PinnedArrowInput, PinnedInput } from '../../functions/contract/pinned-input.ts';
import { openArrowInput } from '../../functions/io/open-arrow-input.ts';
import { queryRows } from '../../functions/io/query-rows.ts';

export const arrowOf = (input: PinnedInput): PinnedArrowInput => {
  if (input.format !== 'arrow') throw new Error(`the input is ${input.format}`);
  return input;
};

/** All rows of an Arrow input as arrays, in its order; throws what reading raised first. Once a connection. */
export const readArrowRows = async (
  connection: DuckDBConnection,
  input: PinnedInput,
  columns: readonly string[] = [],
): Promise<unknown[][]> => {
  const opened = openArrowInput(arrowOf(input), columns);
  try {
    const rows = await queryRows(connection, `FROM ${opened.attach(connection).sql}`);
    return rows.map((row) => Object.values(row));
  } catch (error) {
    throw opened.failure() ?? error;
  }
};
