import type { DuckDBConnection } from '@duckdb/node-api';
import { isRemote, type PinnedInput } from '../../contract/pinned-input.ts';
import { type InferRejectCause, InferRequest, type PlannedInferStep } from '../../contract/planned-infer.ts';
import type { PlannedStep } from '../../contract/planned-steps.ts';
import { parseDuckDBType } from '../../io/arrow/type-text.ts';
import type { InputLook } from '../../io/input-look.ts';
import { readChunks } from '../../io/modules/read-chunks.ts';
import { registerTallies } from '../../io/tallies.ts';
import { createTemplateReader } from '../../io/templates/read-value.ts';
import { createRequestRenderer, type RenderedRequest } from '../../io/templates/render-request.ts';
import { compileStage } from '../../sql/compile-steps.ts';
import { renderReadInput } from '../../sql/read-input.ts';
import { renderList } from '../../sql/render-names.ts';
import { renderTemplateColumn, templateType } from '../../sql/template-values.ts';
import { isModuleStep } from '../run-modules.ts';

/** Requests to count: enough to tell the length of prompts, counted in a blink. */
const COUNTED_ROWS = 200;
/** Of the input, so that a filter leaves some. */
const INPUT_ROWS = 10_000;

/** Of a sample, which is in memory as a whole. */
const MOST_CHARACTERS = 50e6;

export type SampledInput = {
  readonly input: PinnedInput;
  readonly inputColumns: readonly string[];
  readonly look: InputLook;
};

/** Rows that are rejects before a model has seen them. */
export type BadRows = {
  readonly cause: InferRejectCause;
  readonly rows: number;
  /** Number of the first one among those that reach the step, from 0. */
  readonly first: number;
};

/** The first rows that reach a step, as the templates render them. */
export type RequestSample = {
  /** Of rows that are not bad. */
  readonly requests: readonly InferRequest[];
  /** Of these as JSON text: what `commit.weights` counts. */
  readonly characters: number;
  /** Rows that were rendered, the bad ones among them, of so many that were read of the input. */
  readonly rows: number;
  readonly read: number;
  /** Whether no other row reaches the step. */
  readonly isAll: boolean;
  readonly bad: readonly BadRows[];
};

type Rendering = {
  readonly before: readonly PlannedStep[];
  readonly step: PlannedInferStep;
  /** At most so many. */
  readonly rows: number;
  readonly signal: AbortSignal;
  /** Whether a request has more tokens than the model takes; absent where nobody here can count them. */
  readonly findTooLong?: (requests: readonly InferRequest[]) => Promise<readonly number[]>;
};

/**
 * The requests of the first rows that reach a step. Undefined where they cannot be looked at: a module stands before
 * the step, or a row fails; the tasks will say what is wrong with it.
 */
export const sampleRequests = async (
  connection: DuckDBConnection,
  place: SampledInput,
  rendering: Rendering,
): Promise<RequestSample | undefined> => {
  try {
    const found = await renderFirstRows(connection, place, rendering);
    if (found === undefined) return undefined;
    const { rendered, read } = found;
    return {
      ...(await judgeRendered(rendered, rendering.findTooLong)),
      rows: rendered.length,
      read,
      isAll: found.isWhole && (read < INPUT_ROWS || !place.input.files.some(isRemote)),
    };
  } catch (error) {
    rendering.signal.throwIfAborted();
    // A mistake of ours is nobody's row.
    if (error instanceof TypeError || error instanceof ReferenceError) throw error;
    return undefined;
  }
};

/** Tells good rows from bad ones: no model is asked for these, and so they say nothing of its tokens. */
export const judgeRendered = async (
  rendered: readonly RenderedRequest[],
  findTooLong: Rendering['findTooLong'],
): Promise<Pick<RequestSample, 'requests' | 'characters' | 'bad'>> => {
  const renderable = rendered.flatMap((each, row) =>
    each.cause === undefined
      ? [{ row, text: each.text, request: InferRequest.parse(JSON.parse(each.text)) }]
      : [],
  );
  const tooLong = new Set(await findTooLong?.(renderable.map(({ request }) => request)));
  const bad = new Map<InferRejectCause, BadRows>();
  const note = (cause: InferRejectCause, row: number): void => {
    const { rows, first } = bad.get(cause) ?? { rows: 0, first: row };
    bad.set(cause, { cause, rows: rows + 1, first: Math.min(first, row) });
  };
  for (const [row, { cause }] of rendered.entries()) if (cause !== undefined) note(cause, row);
  for (const index of tooLong) note('prompt_too_long', renderable[index]?.row ?? 0);
  const counted = renderable.filter((_, index) => !tooLong.has(index)).slice(0, COUNTED_ROWS);
  return {
    requests: counted.map(({ request }) => request),
    characters: counted.reduce((sum, { text }) => sum + [...text].length, 0),
    bad: [...bad.values()],
  };
};

type FirstRows = {
  readonly rendered: readonly RenderedRequest[];
  readonly read: number;
  /** Whether the query came to its end. */
  readonly isWhole: boolean;
};

/**
 * What the templates make of the first rows that reach a step, in their order; undefined where a module or a model
 * stands before it, or the input is one that is not read by SQL. Fails as the rows do.
 */
const renderFirstRows = async (
  connection: DuckDBConnection,
  { input, inputColumns, look }: SampledInput,
  { before, step, rows }: Rendering,
): Promise<FirstRows | undefined> => {
  if (before.some(isModuleStep) || input.format === 'arrow') return undefined;
  const wanted = { rows: Math.max(rows, INPUT_ROWS), columns: inputColumns, connection };
  return look.withFirstRows(input, wanted, async (sample) => {
    const source = {
      sql: renderReadInput(sample, { tolerant: false, columns: inputColumns }),
      isCounted: false,
      prunes: false,
      columns: input.columns.filter(({ name }) => inputColumns.includes(name)),
    };
    const compiled = compileStage(source, { steps: before });
    const tallied = registerTallies(connection, compiled.tallies);
    const used = step.uses.flatMap((name) => step.input.find((column) => column.name === name) ?? []);
    const columns = renderList(used.map(renderTemplateColumn));
    const readers = used.map(({ type }) => createTemplateReader(parseDuckDBType(templateType(type))));
    const render = createRequestRenderer(step);
    const rendered: RenderedRequest[] = [];
    let characters = 0;
    const sql = `SELECT ${columns} FROM (${compiled.sql}) LIMIT ${rows}`;
    for await (const chunk of readChunks(connection, sql)) {
      for (let index = 0; index < chunk.rows; index += 1) {
        const row = render(readers.map((read, column) => read(chunk.columns[column]?.[index] ?? null)));
        rendered.push(row);
        characters += row.cause === undefined ? row.text.length : 0;
      }
      if (characters > MOST_CHARACTERS) return { rendered, read: tallied.read, isWhole: false };
    }
    return { rendered, read: tallied.read, isWhole: rendered.length < rows };
  });
};
