import type { ErrorObject, ValidateFunction } from 'ajv';
import type { InferAnswer } from '../../contract/planned-infer.ts';
import { compileRegex } from '../../core/endpoints/compile-regex.ts';
import { CHOICE_FIELD } from '../../core/endpoints/render-call.ts';
import { compileSchema } from '../json-schema.ts';
import { type BoundedCheck, createBoundedCheck, MOST_CHECK_MS } from './bounded-check.ts';
import { isDeeperThan } from './json-depth.ts';
import { hasRepeatedKeys } from './repeated-keys.ts';

/** A schema that refers to itself is checked by recursion, here and by whoever reads the output. */
const MOST_LEVELS = 500;

const TOO_LONG = `the answer could not be checked in ${MOST_CHECK_MS / 1_000} s`;

/** The text that goes into the block, or what is wrong with it; the latter may quote the answer. */
export type ReadAnswer =
  | { readonly text: string; readonly problem?: never }
  | { readonly problem: string; readonly text?: never };

export type AnswerReader = (text: string) => ReadAnswer;

/**
 * Makes what every text of a step is checked by, whatever the endpoint promises. `isWrapped`: a choice comes as the
 * one field of an object. Throws where a schema or an expression cannot be compiled: plans hold none such.
 */
export const createAnswerReader = async (
  answer: InferAnswer,
  { isWrapped }: { readonly isWrapped: boolean },
): Promise<AnswerReader> => {
  switch (answer.kind) {
    case 'json':
      return readJson(requireCompiled(answer.schema), checkerOf(answer.schema));
    case 'choice':
      return readChoice(new Set(answer.choice), isWrapped);
    case 'regex': {
      const pattern = compileRegex(answer.regex);
      if (pattern === undefined) throw new Error('the regular expression of a step cannot be compiled');
      const bounded = createBoundedCheck();
      return (text) => {
        const checked = bounded(() => pattern.test(text));
        if (checked === undefined) return { problem: TOO_LONG };
        return checked.result ? { text } : { problem: 'the answer does not match the expression' };
      };
    }
    // Half of a surrogate pair is no text in UTF-8.
    default:
      return (text) => ({ text: text.toWellFormed() });
  }
};

const requireCompiled = (schema: Readonly<Record<string, unknown>>): ValidateFunction => {
  const compiled = compileSchema(schema);
  if (compiled.isValid) return compiled.validate;
  throw new Error(
    `the schema of a step ${compiled.issues[0]?.message}: it was judged when the step was bound`,
  );
};

/** The words of a schema whose checks may take more than a look at each part: a bound costs a row a tenth of a millisecond. */
const SLOW_WORDS = /"(?:pattern|patternProperties|uniqueItems)"/;

const checkerOf = (schema: Readonly<Record<string, unknown>>): BoundedCheck =>
  SLOW_WORDS.test(JSON.stringify(schema)) ? createBoundedCheck() : (check) => ({ result: check() });

const readJson =
  (validate: ValidateFunction, bounded: BoundedCheck): AnswerReader =>
  (text) => {
    const parsed = parseJson(text);
    if (parsed === undefined) return { problem: 'the answer is not JSON' };
    const { value } = parsed;
    if (isDeeperThan(MOST_LEVELS, value))
      return { problem: `the answer has more than ${MOST_LEVELS} levels` };
    // DuckDB reads neither, and whoever reads them reads something else each time.
    if (hasRepeatedKeys(text, value)) return { problem: 'the answer has a key twice in one object' };
    if (!isWellFormed(text)) return { problem: 'the answer has half of a surrogate pair' };
    const checked = bounded(() => validate(value));
    if (checked === undefined) return { problem: TOO_LONG };
    if (checked.result) return { text };
    return { problem: `the answer does not obey the schema: ${renderErrors(validate.errors)}` };
  };

const readChoice =
  (choice: ReadonlySet<string>, isWrapped: boolean): AnswerReader =>
  (text) => {
    const given = isWrapped ? unwrap(text) : text;
    if (typeof given === 'string' && choice.has(given)) return { text: given };
    return { problem: 'the answer is none of the choices' };
  };

const unwrap = (text: string): unknown => {
  const value = parseJson(text)?.value;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)[CHOICE_FIELD]
    : undefined;
};

const parseJson = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** Whether every text in it is whole: JSON may escape half of a pair. */
const isWellFormed = (text: string): boolean => {
  if (!text.isWellFormed()) return false;
  if (!ESCAPED_SURROGATE.test(text)) return true;
  let isWhole = true;
  JSON.parse(text, (key, value: unknown) => {
    if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) isWhole = false;
    return value;
  });
  return isWhole;
};

const renderErrors = (errors: readonly ErrorObject[] | null | undefined): string =>
  (errors ?? [])
    .slice(0, 3)
    .map(({ instancePath, message }) => `${instancePath === '' ? 'the whole' : instancePath} ${message}`)
    .join('; ');
