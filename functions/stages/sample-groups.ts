import type { DuckDBConnection } from '@duckdb/node-api';
import type { PinnedInput } from '../contract/pinned-input.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { shrinksInTask } from '../core/judge-shrink.ts';
import type { InputLook } from '../io/input-look.ts';
import { registerTallies } from '../io/tallies.ts';
import { compileStage } from '../sql/compile-steps.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderReadInput } from '../sql/read-input.ts';
import { isModuleStep } from './run-modules.ts';

/** Enough to tell a key of a hundred thousand values from one that is nearly unique; read in milliseconds. */
const SAMPLE_ROWS = 50_000;

/** A filter that lets few rows through must not make the plan read all of the input. */
const LOOKED_ROWS = 10 * SAMPLE_ROWS;

/** A row of text is taken to be so long where nobody has counted rows. */
const ASSUMED_ROW_BYTES = 50;

type Sampled = {
  readonly input: PinnedInput;
  readonly inputColumns: readonly string[];
  readonly tasks: number;
  readonly look: InputLook;
};

/**
 * Whether it pays to group rows in a map task before they move, by the first rows of the input. Where they cannot be
 * looked at (a module stands before the groups, a row fails), rows are grouped: the tasks will say what is wrong.
 */
export const shrinksInTasks = async (
  connection: DuckDBConnection,
  { input, inputColumns, tasks, look }: Sampled,
  groups: Groups,
): Promise<boolean> => {
  if (groups.before.some(isModuleStep) || input.format === 'arrow') return true;
  try {
    const wanted = { rows: SAMPLE_ROWS, columns: inputColumns, connection };
    return await look.withFirstRows(input, wanted, (sample) =>
      sampleShrinks(connection, { input: sample, inputColumns, taskRows: rowsOf(input) / tasks }, groups),
    );
  } catch {
    // The same rows are read again by the tasks, which name what is wrong with them.
    return true;
  }
};

type Groups = { readonly before: readonly PlannedStep[]; readonly keys: readonly string[] };

const sampleShrinks = async (
  connection: DuckDBConnection,
  { input, inputColumns, taskRows }: Pick<Sampled, 'input' | 'inputColumns'> & { readonly taskRows: number },
  { before, keys }: Groups,
): Promise<boolean> => {
  const compiled = compileStage(
    {
      sql: `(SELECT * FROM ${renderReadInput(input, { tolerant: false, columns: inputColumns })} LIMIT ${LOOKED_ROWS})`,
      isCounted: true,
      prunes: false,
      columns: input.columns.filter(({ name }) => inputColumns.includes(name)),
    },
    { steps: before },
  );
  registerTallies(connection, compiled.tallies);
  const names = keys.map(quoteIdentifier).join(', ');
  const sample = `SELECT ${names} FROM (${compiled.sql}) LIMIT ${SAMPLE_ROWS}`;
  const reader = await connection.runAndReadAll(
    `SELECT count(*), count(DISTINCT hash(${names})) FROM (${sample})`,
  );
  const [rows = 0, groups = 0] = (reader.getRows()[0] ?? []).map(Number);
  return shrinksInTask({ rows, groups, taskRows });
};

const rowsOf = (input: PinnedInput): number =>
  input.files.reduce((rows, file) => rows + (file.rows ?? file.sizeBytes / ASSUMED_ROW_BYTES), 0);
