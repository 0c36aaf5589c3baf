import * as z from 'zod';
import { PLANNED_FIELDS, PLANNED_VALUES } from '../contract/spec-features.ts';
import { adviseField } from './advise-field.ts';
import { renderSpecPath, type SpecPath } from './spec-path.ts';
import { suggestName } from './suggest-name.ts';

/** One thing wrong with a spec. `at` says whether its position is that of the key or of the value at the path. */
export type SpecProblem = {
  readonly path: SpecPath;
  readonly message: string;
  readonly suggestion?: string;
  readonly at: 'key' | 'value';
};

type Issue = z.core.$ZodIssue;
type AnyIssue = z.core.$ZodRawIssue | Issue;

/** More of a long value than this says nothing more. */
const LONGEST_QUOTE = 60;

/** The words, as `a, b or c`. */
export const renderChoice = (words: readonly string[], conjunction = 'or'): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${conjunction} ${words.at(-1)}`;

/** Quotes text for a message: control characters escaped, long text cut. */
export const renderQuote = (text: string): string =>
  JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text);

/** Says what a value is: `"team" (text)`, `5 (a number)`, `a list`. */
export const renderFound = (value: unknown): string => {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return `${renderQuote(value)} (text)`;
  if (typeof value === 'number') return `${value} (a number)`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return String(value);
};

const PHRASES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const renderValue = (value: unknown): string =>
  typeof value === 'string' && /^\w+$/.test(value) ? value : JSON.stringify(value);

/** The sentence for an issue of a schema that brings none of its own. */
export const phraseIssue = (issue: AnyIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${PHRASES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length === 1 ? '' : 'one of '}${renderChoice(issue.values.map(renderValue))}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array')
        return issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} of them`;
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `must be at most ${issue.maximum} characters long`;
      if (issue.origin === 'array') return `must have at most ${issue.maximum} entries`;
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return 'cannot be used';
  }
};

const valueAt = (root: unknown, path: SpecPath): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    root,
  );

const isWrapper = (schema: z.core.$ZodType): schema is z.core.$ZodOptional =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable;

/** The fields that a mapping at this place may have; empty where the schema has no fixed ones. */
const knownFields = (schema: z.core.$ZodType, path: SpecPath): readonly string[] => {
  if (isWrapper(schema)) return knownFields(schema._zod.def.innerType, path);
  const [first, ...rest] = path;
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => knownFields(option, path));
  if (schema instanceof z.ZodArray) return first === undefined ? [] : knownFields(schema.element, rest);
  if (schema instanceof z.ZodObject) {
    if (first === undefined) return Object.keys(schema.shape);
    const field = Object.hasOwn(schema.shape, first) ? schema.shape[first] : undefined;
    return field === undefined ? [] : knownFields(field, rest);
  }
  return [];
};

/** The branch of a union that the value was meant for: the only one whose type it has. */
const chooseBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined => {
  const isOfOtherType = (issue: Issue) =>
    issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
  const meant = branches.filter((issues) => !issues.some(isOfOtherType));
  return meant.length === 1 ? meant[0] : undefined;
};

const BOOLEAN_WORDS: Readonly<Record<string, string>> = {
  yes: 'true',
  y: 'true',
  on: 'true',
  no: 'false',
  n: 'false',
  off: 'false',
};

const explainUnknownField = (known: readonly string[], path: SpecPath): SpecProblem => {
  const place = renderSpecPath(path);
  const name = String(path.at(-1));
  if (PLANNED_FIELDS.includes(place))
    return { path, at: 'key', message: `${name} is planned but not there yet` };
  const advice = adviseField(path);
  if (advice !== undefined) return { path, at: 'key', message: `unknown field; ${advice}` };
  const owner =
    path.length === 1 ? 'a spec' : String(path.slice(0, -1).findLast((part) => typeof part === 'string'));
  const message = `unknown field; the fields of ${owner} are ${renderChoice(known, 'and')}`;
  const suggestion = suggestName(name, known);
  return { path, at: 'key', message, ...(suggestion === undefined ? {} : { suggestion }) };
};

/** Expectations that a number or a boolean meets as soon as it is quoted. */
const TEXT_OF_ANY_KIND = /^expected (text|a column name|a path|the name)/;

const explainMismatch = (issue: Issue, path: SpecPath, value: unknown): SpecProblem => {
  if (value === undefined) return { path, at: 'value', message: `is missing; ${issue.message}` };
  const planned = typeof value === 'string' && PLANNED_VALUES[renderSpecPath(path)]?.includes(value);
  if (planned) return { path, at: 'value', message: `${value} is planned but not there yet` };
  const isPlain = (typeof value === 'number' && Number.isFinite(value)) || typeof value === 'boolean';
  const quotes =
    isPlain && TEXT_OF_ANY_KIND.test(issue.message) ? '; text that looks like that needs quotes' : '';
  const wantsFlag = issue.code === 'invalid_type' && issue.expected === 'boolean';
  const known = issue.code === 'invalid_value' ? issue.values.filter((word) => typeof word === 'string') : [];
  const suggestion =
    typeof value !== 'string'
      ? undefined
      : wantsFlag
        ? BOOLEAN_WORDS[value.toLowerCase()]
        : suggestName(value, known);
  const message = `${issue.message}, found ${renderFound(value)}${quotes}`;
  return { path, at: 'value', message, ...(suggestion === undefined ? {} : { suggestion }) };
};

const explainCustom = (
  issue: Extract<Issue, { code: 'custom' }>,
  path: SpecPath,
  value: unknown,
): SpecProblem => {
  const known = issue.params?.known;
  const suggestion =
    Array.isArray(known) && typeof value === 'string' ? suggestName(value, known) : undefined;
  return { path, at: 'key', message: issue.message, ...(suggestion === undefined ? {} : { suggestion }) };
};

const explainName = (issue: Issue): string =>
  issue.code === 'too_small' || issue.code === 'too_big' ? `the name ${phraseIssue(issue)}` : issue.message;

/** What zod found wrong in `root`, as sentences. `schema` is the one that refused it; `base` the place of `root`. */
export const explainIssues = (
  schema: z.core.$ZodType,
  root: unknown,
  issues: readonly Issue[],
  base: SpecPath = [],
): readonly SpecProblem[] =>
  issues.flatMap((issue): readonly SpecProblem[] => {
    const inner = issue.path as SpecPath;
    const path = [...base, ...inner];
    const value = valueAt(root, inner);
    switch (issue.code) {
      case 'unrecognized_keys': {
        const known = knownFields(schema, inner);
        return issue.keys.map((key) => explainUnknownField(known, [...path, key]));
      }
      case 'invalid_union': {
        const branch = chooseBranch(issue.errors);
        if (branch === undefined) return [explainMismatch(issue, path, value)];
        const moved = branch.map((nested) => ({ ...nested, path: [...inner, ...nested.path] }));
        return explainIssues(schema, root, moved, base);
      }
      case 'invalid_key':
        return issue.issues.map((nested) => ({ path, at: 'key', message: explainName(nested) }));
      case 'custom':
        return [explainCustom(issue, path, value)];
      case 'too_small':
      case 'too_big': {
        const found = typeof value === 'number' ? `, found ${value}` : '';
        return [{ path, at: 'value', message: `${phraseIssue(issue)}${found}` }];
      }
      default:
        return [explainMismatch(issue, path, value)];
    }
  });
