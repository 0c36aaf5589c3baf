import type { Column } from '../../contract/columns.ts';
import {
  INFER_ANSWER_COLUMN,
  INFER_INFO_COLUMNS,
  type InferAnswer,
  type PlannedInferStep,
} from '../../contract/planned-infer.ts';
import type { LoadedArray } from '../../io/arrow/loaded-array.ts';
import { rangeOf } from '../../io/arrow/selection.ts';
import { packBits } from '../../io/arrow/validity.ts';
import type { Answer, RowAnswer } from '../../io/endpoints/endpoint.ts';

/** The answer to a row that has one. */
export type Answered = Extract<RowAnswer, { answer: Answer }>;

const typeOf = (answer: InferAnswer): string => {
  if (answer.kind === 'embedding') return `FLOAT[${answer.dimensions}]`;
  return answer.kind === 'score' ? 'DOUBLE' : 'VARCHAR';
};

/** The columns of the piece that a task of a stage `infer` writes. */
export const answerColumnsOf = ({ input, answer }: PlannedInferStep): readonly Column[] => [
  ...input,
  { name: INFER_ANSWER_COLUMN, type: typeOf(answer) },
  ...INFER_INFO_COLUMNS,
];

/**
 * The columns that answers add to a batch, as Arrow has them: answer, finish reason, prompt and output tokens. A row
 * without an answer is there with a null, to be left out by whoever writes.
 */
export const answerArraysOf = (
  answers: readonly (Answered | undefined)[],
  answer: InferAnswer,
): readonly LoadedArray[] => [
  valuesOf(answers, answer),
  textsOf(answers.map((row) => row?.finishReason)),
  integersOf(answers.map((row) => row?.usage.promptTokens)),
  integersOf(answers.map((row) => row?.usage.outputTokens)),
];

const valuesOf = (answers: readonly (Answered | undefined)[], answer: InferAnswer): LoadedArray => {
  const values = answers.map((row) => row?.answer);
  if (answer.kind === 'embedding') return vectorsOf(values, answer.dimensions);
  return answer.kind === 'score' ? doublesOf(values) : textsOf(values.map(requireText));
};

const requireText = (value: Answer | undefined): string | undefined => {
  if (value === undefined || typeof value === 'string') return value;
  throw new Error('an answer is no text');
};

const textsOf = (texts: readonly (string | undefined)[]): LoadedArray => {
  const encoded = texts.map((text) => Buffer.from(text ?? '', 'utf8'));
  const offsets = new Int32Array(texts.length + 1);
  for (const [index, bytes] of encoded.entries())
    offsets[index + 1] = (offsets[index] ?? 0) + bytes.byteLength;
  return {
    kind: 'bytes',
    length: texts.length,
    validity: validityOf(texts),
    offsets,
    data: Buffer.concat(encoded),
  };
};

const integersOf = (counts: readonly (number | undefined)[]): LoadedArray => {
  const values = Int32Array.from(counts, (count) => count ?? 0);
  return {
    kind: 'fixed',
    width: 4,
    length: counts.length,
    validity: validityOf(counts),
    values: bytesOf(values),
  };
};

const doublesOf = (scores: readonly (Answer | undefined)[]): LoadedArray => {
  const values = Float64Array.from(scores, (score) => (typeof score === 'number' ? score : 0));
  return {
    kind: 'fixed',
    width: 8,
    length: scores.length,
    validity: validityOf(scores),
    values: bytesOf(values),
  };
};

const vectorsOf = (vectors: readonly (Answer | undefined)[], size: number): LoadedArray => {
  const { length } = vectors;
  const values = new Float32Array(length * size);
  for (const [index, vector] of vectors.entries())
    if (typeof vector === 'object') values.set(vector, index * size);
  const child = {
    kind: 'fixed',
    width: 4,
    length: length * size,
    validity: null,
    values: bytesOf(values),
  } as const;
  return { kind: 'array', length, validity: validityOf(vectors), size, child };
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const validityOf = (values: readonly unknown[]): Uint8Array | null => {
  if (values.every((value) => value !== undefined)) return null;
  const given = Uint8Array.from(values, (value) => (value === undefined ? 0 : 1));
  return packBits(given, rangeOf(0, given.length)).bits;
};
