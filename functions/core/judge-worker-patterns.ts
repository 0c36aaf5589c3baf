import type { InferAnswer } from '../contract/planned-infer.ts';
import type { SpecPath } from './spec-path.ts';

type Schema = Readonly<Record<string, unknown>>;
type PatternProblem = { readonly path: SpecPath; readonly message: string };

/** Keywords whose values are values, whatever their keys are called. */
const VALUES: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples']);
/** Keywords whose values are schemas by name: no key of theirs is a keyword. */
const BY_NAME: ReadonlySet<string> = new Set([
  'properties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/**
 * Regular expressions of an answer that the worker cannot hold answers against, as gpu-image's read_pattern knows
 * them: the worker would refuse them after the rows before the model are paid for. Paths begin at the step.
 */
export const judgeWorkerPatterns = (answer: InferAnswer): readonly PatternProblem[] => {
  if (answer.kind === 'regex') return judgePattern(answer.regex, ['regex']);
  return answer.kind === 'json' ? judgeSchema(answer.schema, ['schema']) : [];
};

const judgePattern = (pattern: string, path: SpecPath): readonly PatternProblem[] => {
  const found = findUnreadable(pattern);
  return found === undefined
    ? []
    : [{ path, message: `has ${found}, which answers of vLLM cannot be held against` }];
};

const judgeSchema = (value: unknown, path: SpecPath): readonly PatternProblem[] => {
  if (Array.isArray(value)) return value.flatMap((each, index) => judgeSchema(each, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value as Schema).flatMap(([key, each]) => judgeKeyword(key, each, [...path, key]));
};

const judgeKeyword = (key: string, value: unknown, path: SpecPath): readonly PatternProblem[] => {
  if (VALUES.has(key)) return [];
  if (key === 'pattern' && typeof value === 'string') return judgePattern(value, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return judgeSchema(value, path);
  if (key !== 'patternProperties' && !BY_NAME.has(key)) return judgeSchema(value, path);
  return Object.entries(value as Schema).flatMap(([name, each]) => [
    ...(key === 'patternProperties' ? judgePattern(name, [...path, name]) : []),
    ...judgeSchema(each, [...path, name]),
  ]);
};

const TOKEN =
  /\\(?<escaped>.)|\[(?:\\.|[^\]\\])*\]|(?<open>\((?:\?(?:<[=!]|[=!:]|[a-z-]+:|<[^>]*>))?)|(?<close>\))|(?<varies>[*+?]|\{(?<least>\d+)(?<to>,(?<most>\d*))?\})|./gsu;
const IN_CLASS = /\\[pP]/u;

/** What Python has no word for: a property of characters, or a look behind of no fixed length. */
const findUnreadable = (pattern: string): string | undefined => {
  const groups: boolean[] = [];
  let after = '';
  for (const { 0: text, groups: token = {} } of pattern.matchAll(TOKEN)) {
    const isProperty = token.escaped === 'p' || token.escaped === 'P';
    if (isProperty || (text.startsWith('[') && IN_CLASS.test(text.replaceAll('\\\\', ''))))
      return 'a property of characters (`\\p`)';
    if (token.open !== undefined) {
      // Ahead of it nothing has a length, whatever stands around.
      const isAhead = /[=!]$/.test(token.open) && !token.open.includes('<');
      groups.push(
        token.open.startsWith('(?<=') ||
          token.open.startsWith('(?<!') ||
          (!isAhead && (groups.at(-1) ?? false)),
      );
    }
    if (token.close !== undefined) groups.pop();
    const isLazy = text === '?' && after !== '';
    if (token.varies !== undefined && !isLazy && (groups.at(-1) ?? false) && !isFixed(token))
      return 'a look behind of no fixed length';
    after = token.varies ?? '';
  }
  return undefined;
};

const isFixed = ({ least, to, most }: Readonly<Record<string, string | undefined>>): boolean =>
  least !== undefined && (to === undefined || Number(most || Number.POSITIVE_INFINITY) === Number(least));
