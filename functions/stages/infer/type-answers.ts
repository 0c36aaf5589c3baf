import type { DuckDBConnection } from '@duckdb/node-api';
import { MODULE_REJECT_COLUMNS } from '../../contract/module-step.ts';
import {
  INFER_ANSWER_COLUMN,
  INFER_LIMITS,
  type InferRejectCause,
  type PlannedInferStep,
} from '../../contract/planned-infer.ts';
import {
  answerColumns,
  INFER_ROW_COLUMN,
  INFER_ROW_NUMBER,
  INFER_VALUE_COLUMN,
  renderAnswers,
  renderTypedAnswer,
} from '../../sql/infer-halves.ts';
import { quoteIdentifier, quoteText } from '../../sql/quote.ts';
import { renderNames } from '../../sql/render-names.ts';
import { type ActResult, type ActWork, MODULE_REJECTS } from '../chain-act.ts';

const CAUSE: InferRejectCause = 'answer_shape';
const MESSAGE = 'the answer obeys the schema and has a value that its type cannot hold';

/** An answer that is there, and is not null itself, and has no value in its type. */
const IS_BAD = `${INFER_VALUE_COLUMN} IS NULL AND coalesce(TRY(json_type(CAST(${INFER_ANSWER_COLUMN} AS JSON))), '') <> 'NULL'`;

/**
 * Gives the answers of a step with a schema their type. An answer that was checked against the schema and has a value
 * beyond its type, as a whole number of 30 digits, is a reject: at this place a failure would cost all answers.
 */
export const typeAnswers = async (step: PlannedInferStep, work: ActWork): Promise<ActResult> => {
  const { connection, compiled, target, onReject } = work;
  const typed = renderTypedAnswer(step);
  if (typed === undefined) throw new Error('answers without a schema have their type already');
  const table = quoteIdentifier(target);
  const wire = renderNames(answerColumns(step));
  await work.runSql(compiled, () =>
    connection.run(
      `CREATE TABLE ${table} AS SELECT ${INFER_ROW_NUMBER}, ${wire}, ${typed} AS ${INFER_VALUE_COLUMN} FROM (${compiled.sql})`,
    ),
  );
  const rejected = await keepBadAnswers(connection, step, table);
  for (const [before, row] of rejected.entries())
    onReject({ step: step.step, row, cause: CAUSE, message: MESSAGE, raw: '' }, before + 1);
  const rows = `(SELECT * FROM ${table} WHERE NOT (${IS_BAD}))`;
  const source = {
    sql: `(${renderAnswers(step, rows, INFER_VALUE_COLUMN)})`,
    isCounted: true,
    prunes: false,
    columns: step.columns,
  };
  return { source, rejected: rejected.length, grown: 0, dropped: 0, folded: 0 };
};

/** Puts them with the rejects and returns the numbers of their rows. */
const keepBadAnswers = async (
  connection: DuckDBConnection,
  { step }: PlannedInferStep,
  table: string,
): Promise<readonly number[]> => {
  const declared = MODULE_REJECT_COLUMNS.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
  await connection.run(`CREATE TABLE IF NOT EXISTS ${MODULE_REJECTS} (${declared.join(', ')})`);
  const values = {
    step: String(step),
    row: INFER_ROW_COLUMN,
    column: 'NULL',
    cause: quoteText(CAUSE),
    error: 'NULL',
    place: 'NULL',
    message: quoteText(MESSAGE),
    raw: "''",
    answer: `left(${INFER_ANSWER_COLUMN}, ${INFER_LIMITS.rawCharacters})`,
  } as const satisfies Readonly<Record<(typeof MODULE_REJECT_COLUMNS)[number]['name'], string>>;
  const list = MODULE_REJECT_COLUMNS.map(({ name }) => values[name]).join(', ');
  await connection.run(
    `INSERT INTO ${MODULE_REJECTS} SELECT ${list} FROM ${table} WHERE ${IS_BAD} ORDER BY ${INFER_ROW_COLUMN}`,
  );
  const found = await connection.runAndReadAll(
    `SELECT ${INFER_ROW_COLUMN} FROM ${table} WHERE ${IS_BAD} ORDER BY ${INFER_ROW_COLUMN}`,
  );
  return found.getRows().map(([row]) => Number(row));
};
