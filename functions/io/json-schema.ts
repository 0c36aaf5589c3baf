import { Ajv, type AnySchemaObject, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { renderChoice, renderFound } from '../core/explain-issues.ts';
import type { SpecPath } from '../core/spec-path.ts';
import { suggestName } from '../core/suggest-name.ts';
import { firstLineOf } from './query-rows.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Formats are words for people here: no engine holds a model to them, so no answer is judged by them. */
const OPTIONS: Options = {
  strict: false,
  allErrors: true,
  validateFormats: false,
  logger: false,
};

const DRAFTS: readonly (readonly [RegExp, new (options: Options) => Ajv | Ajv2019 | Ajv2020])[] = [
  [/^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/, Ajv2020],
  [/^https:\/\/json-schema\.org\/draft\/2019-09\/schema#?$/, Ajv2019],
  [/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/, Ajv],
];
const NAMES_OF_DRAFTS = '2020-12, 2019-09 or draft-07';

/** The message goes on from "the schema". */
export type SchemaIssue = {
  readonly path: SpecPath;
  readonly message: string;
  readonly suggestion?: string;
};

export type CompiledSchema =
  | { readonly isValid: true; readonly validate: ValidateFunction }
  | { readonly isValid: false; readonly issues: readonly SchemaIssue[] };

/**
 * Compiles a JSON Schema, by default of draft 2020-12, or says all that is wrong with it. The schema is not changed,
 * and nothing that it refers to is fetched.
 */
export const compileSchema = (schema: Schema): CompiledSchema => {
  const draft = schema.$schema;
  const found = draft === undefined ? Ajv2020 : DRAFTS.find(([pattern]) => pattern.test(String(draft)))?.[1];
  if (found === undefined) {
    const message = `is ${JSON.stringify(draft)}; a schema is of ${NAMES_OF_DRAFTS}`;
    return { isValid: false, issues: [{ path: ['$schema'], message }] };
  }
  let problem: unknown;
  // Patterns of other languages escape what the modern mode of JavaScript allows nobody to escape: `[\w\-]`.
  for (const unicodeRegExp of [true, false]) {
    const ajv = new found({ ...OPTIONS, unicodeRegExp });
    try {
      if (ajv.validateSchema(schema as AnySchemaObject) !== true)
        return { isValid: false, issues: issuesOf(ajv, schema) };
      return { isValid: true, validate: ajv.compile(schema as AnySchemaObject) }; // what was just judged
    } catch (error) {
      problem ??= error;
    }
  }
  return { isValid: false, issues: [{ path: [], message: `cannot be compiled: ${firstLineOf(problem)}` }] };
};

/** One for each place: an alternative that does not fit says so for each of its branches. */
const issuesOf = ({ errors }: Pick<Ajv, 'errors'>, schema: Schema): readonly SchemaIssue[] => {
  const byPlace = new Map<string, SchemaIssue>();
  for (const error of errors ?? []) {
    if (!byPlace.has(error.instancePath)) byPlace.set(error.instancePath, issueOf(error, schema));
  }
  return [...byPlace.values()];
};

const issueOf = ({ instancePath, message, params }: ErrorObject, schema: Schema): SchemaIssue => {
  const { path, value } = walk(instancePath, schema);
  const has = `has ${renderFound(value)} here`;
  const { allowedValues } = params as { readonly allowedValues?: unknown };
  if (!Array.isArray(allowedValues)) return { path, message: `${has}, which ${message ?? 'is not valid'}` };
  const words = allowedValues.map(String);
  const suggestion = suggestName(String(value), words);
  return {
    path,
    message: `${has}, expected one of ${renderChoice(words)}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
};

/** The keys of a JSON pointer, those of lists as numbers, and what stands there. */
const walk = (pointer: string, root: unknown): { readonly path: SpecPath; readonly value: unknown } => {
  let value = root;
  const path = pointer
    .split('/')
    .slice(1)
    .map((encoded) => {
      const key = encoded.replaceAll('~1', '/').replaceAll('~0', '~');
      const isList = Array.isArray(value);
      value = (value as Schema | undefined)?.[key]; // a place that the validator has just walked to
      return isList ? Number(key) : key;
    });
  return { path, value };
};
