import { ENDPOINT_VARIABLES, EndpointFields } from '../../contract/endpoint-settings.ts';
import type { EndpointProblem } from '../../contract/errors-infer.ts';
import { renderChoice } from '../../core/explain-issues.ts';
import { suggestName } from '../../core/suggest-name.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says of one endpoint: fields as the file has them, and the variable of each. */
export type VariableFields = {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly variables: Readonly<Record<string, string>>;
};

const FIELDS = Object.keys(EndpointFields.shape);
/** The key itself, which no file may have. */
const KEY = 'KEY';
const LISTS: ReadonlySet<string> = new Set(['models']);
const NUMBERS: ReadonlySet<string> = new Set(['concurrency', 'price_in', 'price_out', 'attempts']);
const FLAGS: ReadonlySet<string> = new Set(['seed', 'allow_private']);

/** Long ones first: `A_KEY_ENV` is the field KEY_ENV of A. */
const SUFFIXES = [KEY, ...FIELDS.map((field) => field.toUpperCase())].sort((a, b) => b.length - a.length);

/** The variable of a field: `DAYBREAK_ENDPOINT_MY_VLLM_URL` for the `url` of `my-vllm`. */
export const variableOf = (name: string, field: string): string =>
  `${ENDPOINT_VARIABLES}${name.toUpperCase().replaceAll('-', '_')}_${field.toUpperCase()}`;

export const keyVariableOf = (name: string): string => variableOf(name, KEY);

const readValue = (field: string, text: string): unknown => {
  if (LISTS.has(field))
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  if (NUMBERS.has(field) && /^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (FLAGS.has(field) && (text === 'true' || text === 'false')) return text === 'true';
  return text;
};

/**
 * Endpoints that the environment names, and variables that begin like ours and are none. A variable that is empty
 * counts as absent. `_` in a variable is `-` in a name.
 */
export const readEndpointVariables = (
  environment: Environment,
): {
  readonly endpoints: ReadonlyMap<string, VariableFields>;
  readonly problems: readonly EndpointProblem[];
} => {
  const endpoints = new Map<string, { fields: Record<string, unknown>; variables: Record<string, string> }>();
  const problems: EndpointProblem[] = [];
  for (const [variable, value = ''] of Object.entries(environment).sort()) {
    if (!variable.startsWith(ENDPOINT_VARIABLES) || value.trim() === '') continue;
    const rest = variable.slice(ENDPOINT_VARIABLES.length);
    const suffix = SUFFIXES.find((each) => rest.endsWith(`_${each}`) && rest.length > each.length + 1);
    const name = rest
      .slice(0, -1 - (suffix?.length ?? 0))
      .toLowerCase()
      .replaceAll('_', '-');
    if (suffix === undefined || !/^[A-Z0-9][A-Z0-9_]*$/.test(rest)) {
      problems.push(explainVariable(variable, rest));
      continue;
    }
    const known = endpoints.get(name) ?? { fields: {}, variables: {} };
    endpoints.set(name, known);
    const field = suffix.toLowerCase();
    known.variables[field] = variable;
    if (suffix !== KEY) known.fields[field] = readValue(field, value.trim());
  }
  return { endpoints, problems };
};

const explainVariable = (variable: string, rest: string): EndpointProblem => {
  const suggestion = suggestName(rest.split('_').at(-1) ?? '', SUFFIXES);
  return {
    path: variable,
    message: `names no field of an endpoint; after the name comes one of ${renderChoice(SUFFIXES.toSorted())}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
};
