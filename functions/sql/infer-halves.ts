/**
 * The two halves of a step `infer` in SQL: behind the rendered requests what goes to the model, and behind the model
 * what its answers are. In between a row is what it was.
 */
import type { Column } from '../contract/columns.ts';
import {
  INFER_ANSWER_COLUMN,
  INFER_INFO_COLUMNS,
  INFER_LIMITS,
  INFER_REQUEST_COLUMNS,
  type InferAnswer,
  type PlannedInferStep,
} from '../contract/planned-infer.ts';
import { typeAnswer } from '../core/type-answer.ts';
import { quoteIdentifier, quoteText } from './quote.ts';
import { renderAnswerValue } from './read-answer.ts';
import { renderList, renderNames } from './render-names.ts';

const [REQUEST, SEED] = INFER_REQUEST_COLUMNS.map(({ name }) => name);

/** The number of a row among those that entered the step in its task, from 0: it breaks ties. */
export const INFER_ROW_COLUMN = INFER_REQUEST_COLUMNS[2].name;
/** Characters of the request, an INTEGER: the column before all others of a stage that writes pieces. */
export const INFER_CHARACTERS_COLUMN = 'daybreak_characters';
/** The typed answer of a step with a schema, while it is judged. */
export const INFER_VALUE_COLUMN = 'daybreak_value';
/** What numbers the rows of a query: `rowid` of DuckDB gives way to a column of that name. */
export const INFER_ROW_NUMBER = `row_number() OVER () - 1 AS ${INFER_ROW_COLUMN}`;
/** Columns that no block has. */
export const INFER_HELPER_COLUMNS = [INFER_CHARACTERS_COLUMN, INFER_VALUE_COLUMN] as const;

type Wire = readonly { readonly name: string; readonly type: string }[];

/** What the stage before writes: the columns of the row, then its request. */
export const requestColumns = ({ input }: Pick<PlannedInferStep, 'input'>): Wire => [
  ...input,
  ...INFER_REQUEST_COLUMNS,
];

/** What the model's stage writes: the columns of the row, then its answer. */
export const answerColumns = ({ input, answer }: Pick<PlannedInferStep, 'input' | 'answer'>): Wire => [
  ...input,
  { name: INFER_ANSWER_COLUMN, type: wireType(answer) },
  ...INFER_INFO_COLUMNS,
];

const wireType = (answer: InferAnswer): string => {
  if (answer.kind === 'embedding') return `FLOAT[${answer.dimensions}]`;
  return answer.kind === 'score' ? 'DOUBLE' : 'VARCHAR';
};

/** What the rendered rows are before their first half ends: see stages/infer/render-requests. */
export const renderedColumns = ({ input }: Pick<PlannedInferStep, 'input'>): readonly Column[] => [
  ...input,
  { name: INFER_ROW_COLUMN, type: 'BIGINT' },
  { name: String(REQUEST), type: 'VARCHAR' },
];

/**
 * A number below 2^31 from the step's seed, the row's own values and its request: the same whatever task the row is
 * in. Rows that are equal in all that the step keeps have one seed. Where nothing is drawn it is 0.
 */
export const renderSeed = ({ task, seed, output, input }: PlannedInferStep): string => {
  if (task === 'embed' || task === 'score') return '0::BIGINT';
  const row = input.length === 0 ? "''" : `CAST(row(${renderNames(input)}) AS VARCHAR)`;
  const parts = [quoteText(`${seed}/${output.name}`), quoteIdentifier(String(REQUEST)), row];
  return `(md5_number_lower(${parts.join(' || chr(10) || ')}) % ${INFER_LIMITS.seeds})::BIGINT`;
};

/** Ends the first half: rows with like requests come together, since engines keep what prompts begin with. */
export const renderRequests = (step: PlannedInferStep, from: string): string => {
  const request = quoteIdentifier(String(REQUEST));
  const columns = [
    `length(${request})::INTEGER AS ${INFER_CHARACTERS_COLUMN}`,
    ...step.input.map(({ name }) => quoteIdentifier(name)),
    request,
    `${renderSeed(step)} AS ${quoteIdentifier(String(SEED))}`,
    INFER_ROW_COLUMN,
  ];
  return `SELECT ${columns.join(', ')} FROM ${from} ORDER BY ${request}, ${INFER_ROW_COLUMN}`;
};

/** The number of tokens and why an answer ended. */
const INFO = `struct_pack(finish_reason := ${INFER_INFO_COLUMNS[0].name}, prompt_tokens := ${INFER_INFO_COLUMNS[1].name}, output_tokens := ${INFER_INFO_COLUMNS[2].name})`;

/** Opens the stage behind the model. `value` is the answer in its type: see {@link renderTypedAnswer}. */
export const renderAnswers = (step: PlannedInferStep, from: string, value = INFER_ANSWER_COLUMN): string => {
  const [output, info] = step.columns.slice(step.input.length);
  const columns = [
    ...step.input.map(({ name }) => quoteIdentifier(name)),
    ...(output === undefined ? [] : [`${value} AS ${quoteIdentifier(output.name)}`]),
    ...(info === undefined ? [] : [`${INFO} AS ${quoteIdentifier(info.name)}`]),
  ];
  return `SELECT ${renderList(columns)} FROM ${from}`;
};

/**
 * The answer of a step with a schema in its type, NULL where a value does not fit it, as a number of 30 digits in a
 * BIGINT; undefined where every answer is what it is.
 */
export const renderTypedAnswer = ({ answer }: Pick<PlannedInferStep, 'answer'>): string | undefined => {
  if (answer.kind !== 'json') return undefined;
  const { type } = typeAnswer(answer.schema);
  return `TRY(${renderAnswerValue(type, `CAST(${INFER_ANSWER_COLUMN} AS JSON)`)})`;
};
