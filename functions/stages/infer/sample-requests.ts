import type { DuckDBConnection } from '@duckdb/node-api';
import type { PinnedInput } from '../../contract/pinned-input.ts';
import { InferRequest, type PlannedInferStep } from '../../contract/planned-infer.ts';
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
import type { RequestSample } from './infer-engines.ts';

/** Enough to tell the length of prompts; rendered and counted in a blink. */
const SAMPLE_ROWS = 100;
/** Of the input, so that a filter leaves some. */
const INPUT_ROWS = 10_000;

export type SampledInput = {
  readonly input: PinnedInput;
  readonly inputColumns: readonly string[];
  readonly look: InputLook;
};

type Rendering = { readonly before: readonly PlannedStep[]; readonly step: PlannedInferStep };

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
    const rendered = await renderFirstRows(connection, place, { ...rendering, rows: SAMPLE_ROWS });
    if (rendered === undefined) return undefined;
    const texts = rendered.flatMap((each) => (each.cause === undefined ? [each.text] : []));
    return {
      requests: texts.map((text) => InferRequest.parse(JSON.parse(text))),
      characters: texts.reduce((sum, text) => sum + [...text].length, 0),
    };
  } catch {
    return undefined;
  }
};

/**
 * What the templates make of the first rows that reach a step, in their order; undefined where a module or a model
 * stands before it, or the input is one that is not read by SQL. Fails as the rows do.
 */
export const renderFirstRows = async (
  connection: DuckDBConnection,
  { input, inputColumns, look }: SampledInput,
  { before, step, rows }: Rendering & { readonly rows: number },
): Promise<readonly RenderedRequest[] | undefined> => {
  if (before.some(isModuleStep) || input.format === 'arrow') return undefined;
  const wanted = { rows: Math.max(rows, INPUT_ROWS), columns: inputColumns, connection };
  return look.withFirstRows(input, wanted, async (sample) => {
    const source = {
      sql: renderReadInput(sample, { tolerant: false, columns: inputColumns }),
      isCounted: true,
      prunes: false,
      columns: input.columns.filter(({ name }) => inputColumns.includes(name)),
    };
    const compiled = compileStage(source, { steps: before });
    registerTallies(connection, compiled.tallies);
    const used = step.uses.flatMap((name) => step.input.find((column) => column.name === name) ?? []);
    const columns = renderList(used.map(renderTemplateColumn));
    const readers = used.map(({ type }) => createTemplateReader(parseDuckDBType(templateType(type))));
    const render = createRequestRenderer(step);
    const rendered: RenderedRequest[] = [];
    for await (const chunk of readChunks(
      connection,
      `SELECT ${columns} FROM (${compiled.sql}) LIMIT ${rows}`,
    )) {
      for (let index = 0; index < chunk.rows; index += 1)
        rendered.push(render(readers.map((read, column) => read(chunk.columns[column]?.[index] ?? null))));
    }
    return rendered;
  });
};
