import { dirname } from 'node:path';
import { collectRejects } from '../../../functions/io/collect-rejects.ts';
import { queryRows } from '../../../functions/io/query-rows.ts';
import { renderReadInput } from '../../../functions/sql/read-input.ts';
import { type InputRequest, withInput } from '../../io/open-input.ts';

/**
 * Reads an input to its end and prints one JSON line: rows and rejects, or the error; and the peak of memory.
 * Its argument is `{ request, tolerant }`.
 */
const { request, tolerant } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly request: InputRequest & { readonly uri: string };
  readonly tolerant: boolean;
};

const run = () =>
  withInput(dirname(request.uri), request, async (connection, input) => {
    const [row] = await queryRows(
      connection,
      `SELECT count(*) AS rows, count(COLUMNS(*)) FROM ${renderReadInput(input, { tolerant })}`,
    );
    const rejects = tolerant ? (await collectRejects(connection, input)).rejectedRows : 0;
    return { rows: Number(row?.rows), rejects, columns: input.columns.length };
  });

const answer = await run().catch((error: Error) => ({
  name: error.name,
  message: error.message.split('\n')[0]?.slice(0, 300),
}));
console.log(JSON.stringify({ ...answer, peakBytes: process.resourceUsage().maxRSS * 1024 }));
