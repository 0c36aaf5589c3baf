import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../../contract/columns.ts';
import type { Problem } from '../../contract/errors.ts';
import type { InferStep, Sampling } from '../../contract/infer-step.ts';
import {
  INFER_ANSWER_COLUMN,
  INFER_INFO_COLUMNS,
  INFER_LIMITS,
  INFER_REQUEST_COLUMNS,
  type InferAnswer,
  type PlannedInferStep,
} from '../../contract/planned-infer.ts';
import { foldColumnName } from '../../contract/spec-values.ts';
import { judgeWorkerPatterns } from '../../core/judge-worker-patterns.ts';
import { parseType } from '../../core/parse-type.ts';
import { renderSpecPath } from '../../core/spec-path.ts';
import { suggestName } from '../../core/suggest-name.ts';
import { typeAnswer } from '../../core/type-answer.ts';
import type { EngineFacts } from '../../io/models/engine-facts.ts';
import { describeColumns } from '../../io/query-rows.ts';
import { checkPrompts } from '../../io/templates/check-prompts.ts';
import { INFER_HELPER_COLUMNS } from '../../sql/infer-halves.ts';
import { renderAnswerType } from '../../sql/read-answer.ts';
import { findSchemaProblems } from './judge-infer-steps.ts';

export type InferToBind = {
  /** Position in the spec, from 0. */
  readonly step: number;
  readonly given: InferStep;
  /** The columns before the step. */
  readonly columns: readonly Column[];
  /** From which each row gets its own, where the step says nothing. */
  readonly seed: number;
  /** What this machine says about the step; asked for only where the step itself is well. */
  readonly findFacts: () => Promise<EngineFacts>;
};

type Place = InferToBind & { readonly path: readonly (string | number)[]; readonly problems: Problem[] };

/**
 * Binds a step `infer`: its templates against the columns, its answer to a type, its model to what is here. Problems
 * are reported with their places, all together; the step is undefined where there is one. Fails as `findFacts` does.
 */
export const bindInferStep = async (
  connection: DuckDBConnection,
  infer: InferToBind,
): Promise<{ readonly step: PlannedInferStep | undefined; readonly problems: readonly Problem[] }> => {
  const place: Place = { ...infer, path: ['steps', infer.step, 'infer'], problems: [] };
  const { given, columns, problems } = place;
  const prompts = checkPrompts(given, place.path, columns);
  problems.push(...prompts.problems);
  const messages = bindMessages(place);
  judgeNames(place);
  const schema = judgeSchema(place);
  if (problems.length > 0) return { step: undefined, problems };
  const facts = await infer.findFacts();
  const answer = bindAnswer(place, facts);
  const sampling = bindSampling(place, facts);
  if (answer !== undefined && facts.engine.kind === 'vllm')
    for (const { path, message } of judgeWorkerPatterns(answer))
      problems.push({ path: at(place, ...path), message });
  if (problems.length > 0 || answer === undefined) return { step: undefined, problems };
  const output = { name: given.output, type: await describeType(connection, schema ?? typeOfAnswer(answer)) };
  const step: PlannedInferStep = {
    kind: 'infer',
    step: infer.step,
    columns: [...columns, output, { name: infoName(given), type: INFO_TYPE }],
    input: [...columns],
    uses: [...(messages === undefined ? prompts.uses : [messages])],
    task: given.task,
    engine: facts.engine,
    model: facts.model,
    prompts: promptsOf(given, messages),
    ...(sampling === undefined ? {} : { sampling }),
    answer,
    ...(facts.adapter === undefined ? {} : { adapter: facts.adapter }),
    ...(given.truncate === undefined ? {} : { truncate: given.truncate }),
    seed: given.seed ?? infer.seed,
    output,
  };
  return { step, problems };
};

const infoName = ({ output }: InferStep): string => `${output}_info`;

/** As the engine names it: see renderInferAnswers. */
export const INFO_TYPE = 'STRUCT(finish_reason VARCHAR, prompt_tokens INTEGER, output_tokens INTEGER)';

const at = ({ path }: Place, ...fields: readonly (string | number)[]): string =>
  renderSpecPath([...path, ...fields]);

const promptsOf = (
  { system, prompt, examples, query, document }: InferStep,
  messages: string | undefined,
): PlannedInferStep['prompts'] => ({
  ...(system === undefined ? {} : { system }),
  ...(prompt === undefined ? {} : { prompt }),
  ...(messages === undefined ? {} : { messages }),
  ...(examples === undefined ? {} : { examples }),
  ...(query === undefined ? {} : { query }),
  ...(document === undefined ? {} : { document }),
});

const isSameName = (left: string, right: string): boolean => foldColumnName(left) === foldColumnName(right);

/** The column that holds the messages, under its own name; its type can hold some. */
const bindMessages = (place: Place): string | undefined => {
  const { given, columns, problems } = place;
  const { messages } = given;
  if (messages === undefined) return undefined;
  const column = columns.find(({ name }) => isSameName(name, messages));
  const path = at(place, 'messages');
  if (column === undefined) {
    const known = columns.map(({ name }) => name);
    const suggestion = suggestName(messages, known);
    const message = `there is no column ${messages}${known.length <= 12 ? `; the columns here are ${known.join(', ')}` : ''}`;
    problems.push({ path, message, ...(suggestion === undefined ? {} : { suggestion }) });
    return undefined;
  }
  if (!holdsMessages(column.type)) {
    const message = `the column ${column.name} is of type ${column.type.slice(0, 200)}; messages are a list of structs with role and content, or JSON text of one`;
    problems.push({ path, message });
  }
  return column.name;
};

const holdsMessages = (type: string): boolean => {
  if (type === 'VARCHAR' || type === 'JSON') return true;
  const shape = parseType(type);
  if (shape.kind !== 'list' || shape.element.kind !== 'struct') return false;
  const { fields } = shape.element;
  return ['role', 'content'].every((wanted) => fields.some(({ name }) => name === wanted));
};

/** Names that the rows have on their way to the model and back. */
const RESERVED: readonly string[] = [
  ...INFER_REQUEST_COLUMNS.map(({ name }) => name),
  INFER_ANSWER_COLUMN,
  ...INFER_INFO_COLUMNS.map(({ name }) => name),
  ...INFER_HELPER_COLUMNS,
];

const judgeNames = (place: Place): void => {
  const { given, columns, problems } = place;
  for (const name of [given.output, infoName(given)]) {
    const taken = columns.find((column) => isSameName(column.name, name));
    if (taken === undefined) continue;
    const why = name === given.output ? '' : `, which \`output: ${given.output}\` adds too`;
    const message = `there is a column ${taken.name} already${why}; choose another name, or leave the column out before`;
    problems.push({ path: at(place, 'output'), message });
  }
  for (const { name } of columns) {
    if (!RESERVED.some((reserved) => isSameName(reserved, name))) continue;
    const message = `the column ${name} has a name that the step uses itself: rename it before`;
    problems.push({ path: at(place), message });
  }
};

/** DuckDB's type for the answers of a schema; undefined where there is none, or it has problems. */
const judgeSchema = (place: Place): string | undefined => {
  const { schema } = place.given;
  if (schema === undefined) return undefined;
  place.problems.push(...findSchemaProblems(schema, [...place.path, 'schema']));
  return renderAnswerType(typeAnswer(schema).type);
};

const bindAnswer = (place: Place, facts: EngineFacts): InferAnswer | undefined => {
  const { given } = place;
  if (given.task === 'score') return { kind: 'score' };
  if (given.task === 'embed') {
    if (facts.dimensions !== undefined) return { kind: 'embedding', dimensions: facts.dimensions };
    const message = `how long the vectors of ${given.model} are is not known here, and the column of vectors needs it`;
    place.problems.push({ path: at(place, 'model'), message });
    return undefined;
  }
  if (given.schema !== undefined) return { kind: 'json', schema: given.schema };
  if (given.choice !== undefined) return { kind: 'choice', choice: given.choice };
  return given.regex === undefined ? { kind: 'text' } : { kind: 'regex', regex: given.regex };
};

/** DuckDB's type of an answer that has no schema. */
const typeOfAnswer = (answer: InferAnswer): string => {
  if (answer.kind === 'embedding') return `FLOAT[${answer.dimensions}]`;
  return answer.kind === 'score' ? 'DOUBLE' : 'VARCHAR';
};

/** As the engine itself names the type. */
const describeType = async (connection: DuckDBConnection, type: string): Promise<string> => {
  const [column] = await describeColumns(connection, `(SELECT CAST(NULL AS ${type}) AS daybreak_answer)`);
  if (column === undefined) throw new Error(`the engine does not know the type ${type}`);
  return column.type;
};

type BoundSampling = NonNullable<PlannedInferStep['sampling']>;

/** The spec's own parameters, then those of the model's makers; `max_tokens` always, within the context. */
const bindSampling = (place: Place, facts: EngineFacts): BoundSampling | undefined => {
  const { given } = place;
  if (given.task !== 'chat' && given.task !== 'generate') return undefined;
  const asked: Sampling = { ...facts.sampling, ...given.sampling };
  const { contextTokens } = facts;
  const most = contextTokens === undefined ? INFER_LIMITS.maxTokens : Math.floor(contextTokens / 2);
  const sampling = {
    ...asked,
    max_tokens: asked.max_tokens ?? Math.max(1, Math.min(INFER_LIMITS.maxTokens, most)),
  };
  if (contextTokens !== undefined && sampling.max_tokens >= contextTokens) {
    const message = `${sampling.max_tokens} tokens of answer leave no room for a prompt: the context of ${given.model} has ${contextTokens}`;
    place.problems.push({ path: at(place, 'sampling', 'max_tokens'), message });
  }
  return sampling;
};
