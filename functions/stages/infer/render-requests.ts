import type { Column } from '../../contract/columns.ts';
import { MODULE_REJECT_COLUMNS } from '../../contract/module-step.ts';
import { INFER_LIMITS, INFER_REQUEST_COLUMNS, type PlannedInferStep } from '../../contract/planned-infer.ts';
import { parseDuckDBType } from '../../io/arrow/type-text.ts';
import { type RowAppender, withRowAppender } from '../../io/modules/append-rows.ts';
import { bounded } from '../../io/modules/describe-thrown.ts';
import { type Chunk, readChunks } from '../../io/modules/read-chunks.ts';
import { createTemplateReader } from '../../io/templates/read-value.ts';
import { createRequestRenderer } from '../../io/templates/render-request.ts';
import { INFER_ROW_COLUMN, INFER_ROW_NUMBER, renderedColumns } from '../../sql/infer-halves.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { renderList } from '../../sql/render-names.ts';
import { renderTemplateColumn, templateType } from '../../sql/template-values.ts';
import { type ActReject, type ActResult, type ActWork, MODULE_REJECTS } from '../chain-act.ts';
import type { StageContext } from '../stage-context.ts';

const REQUEST = INFER_REQUEST_COLUMNS[0].name;

/** The rendered requests by the row that they are of. */
const REQUEST_COLUMNS: readonly Column[] = [
  { name: INFER_ROW_COLUMN, type: 'BIGINT' },
  { name: REQUEST, type: 'VARCHAR' },
];

/**
 * Renders the requests of a step `infer`: the rows go into a table, of which only the columns that the templates name
 * come to JavaScript; the requests go into another, beside it. A row whose templates fail, or whose prompt is empty or
 * too long, is a reject.
 */
export const renderRequestRows = async (
  { signal }: StageContext,
  step: PlannedInferStep,
  work: ActWork,
): Promise<ActResult> => {
  const { connection, compiled, target, onReject } = work;
  const requests = `${target}_requests`;
  await connection.run(`DROP TABLE IF EXISTS ${quoteIdentifier(requests)}`);
  // On the connection that reads: it alone knows the rejects of the reader.
  await work.runSql(compiled, () =>
    connection.run(
      `CREATE TABLE ${quoteIdentifier(target)} AS SELECT ${INFER_ROW_NUMBER}, * FROM (${compiled.sql})`,
    ),
  );
  const writer = await work.connect();
  try {
    const rejected = await withRowAppender(writer, { name: requests, columns: REQUEST_COLUMNS }, (rendered) =>
      withRowAppender(writer, { name: MODULE_REJECTS, columns: MODULE_REJECT_COLUMNS }, async (rejects) => {
        const render = createRowRenderer(step);
        for await (const chunk of readChunks(connection, renderUsed(step, target))) {
          signal.throwIfAborted();
          for (let index = 0; index < chunk.rows; index += 1) {
            const row = render(chunk, index);
            if (typeof row.request === 'string') rendered.append([row.number, row.request]);
            else {
              const reject: ActReject = { step: step.step, row: Number(row.number), ...row.reject };
              appendReject(rejects, reject);
              onReject(reject, rejects.rows());
            }
          }
        }
        return rejects.rows();
      }),
    );
    return { source: joinedSource(step, target, requests), rejected, grown: 0, dropped: 0, folded: 0 };
  } finally {
    writer.closeSync();
  }
};

/** The columns that the templates name, behind the number of the row. */
const renderUsed = (step: PlannedInferStep, table: string): string => {
  const used = usedColumns(step).map(renderTemplateColumn);
  return `SELECT ${renderList([INFER_ROW_COLUMN, ...used])} FROM ${quoteIdentifier(table)}`;
};

const usedColumns = ({ input, uses }: PlannedInferStep): readonly Column[] =>
  uses.flatMap((name) => input.find((column) => column.name === name) ?? []);

type RenderedRow = { readonly number: bigint } & (
  | { readonly request: string; readonly reject?: never }
  | { readonly request?: never; readonly reject: Omit<ActReject, 'step' | 'row'> }
);

const createRowRenderer = (step: PlannedInferStep): ((chunk: Chunk, index: number) => RenderedRow) => {
  const used = usedColumns(step);
  const readers = used.map(({ type }) => createTemplateReader(parseDuckDBType(templateType(type))));
  const render = createRequestRenderer(step);
  return (chunk, index) => {
    const number = BigInt(String(chunk.columns[0]?.[index]));
    const values = readers.map((read, column) => read(chunk.columns[column + 1]?.[index] ?? null));
    const rendered = render(values);
    if (rendered.cause === undefined) return { number, request: rendered.text };
    const { cause, error, message } = rendered;
    return { number, reject: { cause, error, ...rejectTexts(message, used, values) } };
  };
};

/** What was wrong, and the values that the templates got, as JSON. */
const rejectTexts = (
  message: string,
  columns: readonly Column[],
  values: readonly unknown[],
): { readonly message: string; readonly raw: string } => ({
  message: bounded(message, INFER_LIMITS.messageCharacters),
  raw: bounded(
    JSON.stringify(Object.fromEntries(columns.map(({ name }, index) => [name, shorten(values[index])]))),
    INFER_LIMITS.rawCharacters,
  ),
});

const shorten = (value: unknown): unknown =>
  typeof value === 'string' ? value.slice(0, INFER_LIMITS.rawCharacters) : value;

const appendReject = (rejects: RowAppender, reject: ActReject): void => {
  const values = { ...reject, row: BigInt(reject.row) };
  rejects.append(MODULE_REJECT_COLUMNS.map(({ name }) => values[name] ?? null));
};

/** The rows that have a request, with it. */
const joinedSource = (step: PlannedInferStep, rows: string, requests: string): ActResult['source'] => {
  const columns = renderedColumns(step);
  const kept = step.input.map(({ name }) => `s.${quoteIdentifier(name)}`);
  const row = quoteIdentifier(INFER_ROW_COLUMN);
  const list = [...kept, row, `r.${quoteIdentifier(REQUEST)}`].join(', ');
  const sql = `(SELECT ${list} FROM ${quoteIdentifier(rows)} s JOIN ${quoteIdentifier(requests)} r USING (${row}))`;
  return { sql, isCounted: true, prunes: false, columns };
};
