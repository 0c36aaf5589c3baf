import type { DuckDBConnection } from '@duckdb/node-api';
import { ExpressionError, type Problem } from '../contract/errors.ts';
import type { CsvOptions } from '../contract/input.ts';
import type { PinnedInput } from '../contract/pinned-input.ts';
import { renderCount } from '../core/render-units.ts';
import type { InputLook } from '../io/input-look.ts';
import { queryRows } from '../io/query-rows.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderReadInput } from '../sql/read-input.ts';

/** As many as the types were found in. */
const SAMPLE_ROWS = 20_480;

/** Where nearly all values are of a type, the others are bad rows rather than another type. */
const MOSTLY = 0.9;

/** From the narrowest on; the first that nearly all values have is meant. */
const CANDIDATES = ['BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'BOOLEAN'] as const;

type Guessed = {
  readonly look: InputLook;
  readonly input: PinnedInput;
  /** What the spec says of the input; the types that it gives are no guesses. */
  readonly csv: CsvOptions | undefined;
};

/**
 * One bad row in the sample makes a column of a CSV a text, and an expression over it fails where nobody looks for the
 * row. Adds to the problems of an error what type nearly all values have, and how to say so. Returns other errors, and
 * those for which it finds nothing, as they are.
 */
export const hintTypes = async (
  connection: DuckDBConnection,
  { look, input, csv }: Guessed,
  error: unknown,
): Promise<unknown> => {
  if (!(error instanceof ExpressionError) || (input.format !== 'csv' && input.format !== 'tsv')) return error;
  if (csv?.columns !== undefined || csv?.all_varchar === true) return error;
  const read = new Set(error.problems.flatMap(({ columns = [] }) => columns));
  const guessed = input.columns.filter(
    ({ name, type }) => type === 'VARCHAR' && read.has(name) && csv?.types?.[name] === undefined,
  );
  const hints = new Map<string, string>();
  for (const { name } of guessed) {
    const hint = await hintType(connection, { look, input }, name);
    if (hint !== undefined) hints.set(name, hint);
  }
  if (hints.size === 0) return error;
  return new ExpressionError(
    error.problems.map((problem) => withHints(problem, hints)),
    { cause: error },
  );
};

const withHints = (problem: Problem, hints: ReadonlyMap<string, string>): Problem => {
  const found = (problem.columns ?? []).flatMap((name) => hints.get(name) ?? []);
  return found.length === 0 ? problem : { ...problem, message: [problem.message, ...found].join(' ') };
};

const hintType = (
  connection: DuckDBConnection,
  { look, input }: Pick<Guessed, 'look' | 'input'>,
  column: string,
): Promise<string | undefined> =>
  look.withFirstRows(input, { rows: SAMPLE_ROWS, columns: [column], connection }, async (sample) => {
    const name = quoteIdentifier(column);
    const counts = CANDIDATES.map((type) => `count(TRY_CAST(${name} AS ${type})) AS ${type}`);
    const rows = `SELECT * FROM ${renderReadInput(sample, { tolerant: true, columns: [column] })} LIMIT ${SAMPLE_ROWS}`;
    const [found] = await queryRows(
      connection,
      `SELECT count(${name}) AS n, ${counts.join(', ')} FROM (${rows})`,
    );
    const all = Number(found?.n ?? 0);
    const type = CANDIDATES.find((each) => all > 0 && Number(found?.[each]) >= MOSTLY * all);
    if (type === undefined) return undefined;
    const fit = `${renderCount(Number(found?.[type]))} of the first ${renderCount(all)} values`;
    return `The type of ${column} was found in the data: ${fit} are of the type ${type}. If the others are bad rows, set \`input.csv.types: { ${column}: ${type} }\`, and they are rejects.`;
  });
