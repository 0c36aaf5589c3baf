import { parseDocument } from 'yaml';
import { renderChoice, renderFound, type SpecProblem } from '../../core/explain-issues.ts';
import { parseSpecPath, renderSpecPath, type SpecPath } from '../../core/spec-path.ts';
import { suggestName } from '../../core/suggest-name.ts';
import { readYamlDocument, valueAtPlace } from './spec-document.ts';

/** One `--set path=value`. */
export type SpecOverride = { readonly path: string; readonly value: string };

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list, a mapping or quoted text is read as YAML, and so is a number, true, false and null; all else is text as it is. */
const readValue = (text: string, path: SpecPath): unknown => {
  if (/^\s*[[{"']/.test(text)) {
    const { value, problems } = readYamlDocument(text, path);
    return problems.length === 0 ? value : text;
  }
  if (!/^([+-]?[\d.]\S*|true|false|null|~)$/i.test(text)) return text;
  const document = parseDocument(text, { logLevel: 'silent', prettyErrors: false });
  if (document.errors.length > 0) return text;
  const value: unknown = document.toJS();
  return typeof value === 'object' && value !== null ? text : valueAtPlace(value, text, path);
};

const refuse = (path: SpecPath, message: string): SpecProblem => ({ path, at: 'key', message });

/** The part to step into, made where a mapping lacks it; a problem where the path cannot go on. */
const enter = (parent: unknown, path: SpecPath, index: number): { readonly child: unknown } | SpecProblem => {
  const part = path[index] ?? '';
  const here = path.slice(0, index);
  const name = renderSpecPath(here) || 'the spec';
  if (Array.isArray(parent)) {
    if (typeof part !== 'number') return refuse(here, `${name} is a list; write an index such as ${name}[0]`);
    if (part >= parent.length) {
      const entries = parent.length === 0 ? 'is empty' : `has the entries 0 to ${parent.length - 1}`;
      return refuse(path.slice(0, index + 1), `there is no entry ${part}; ${name} ${entries}`);
    }
    return { child: parent[part] };
  }
  if (!isMapping(parent)) return refuse(here, `${name} is ${renderFound(parent)}, not a mapping`);
  if (typeof part === 'number')
    return refuse(here, `${name} is a mapping; its fields are ${renderChoice(Object.keys(parent), 'and')}`);
  const child = Object.hasOwn(parent, part) ? parent[part] : undefined;
  if (typeof path[index + 1] !== 'number' || (child !== undefined && child !== null)) return { child };
  const suggestion = suggestName(part, Object.keys(parent));
  const problem = refuse(path.slice(0, index + 1), `${name} has no list ${JSON.stringify(part)}`);
  return suggestion === undefined ? problem : { ...problem, suggestion };
};

const place = (root: unknown, path: SpecPath, value: unknown): SpecProblem | undefined => {
  let parent = root;
  for (let index = 0; index < path.length; index += 1) {
    const entered = enter(parent, path, index);
    if ('message' in entered) return entered;
    const part = path[index] ?? '';
    const owner = parent as Record<string | number, unknown>;
    if (index === path.length - 1) owner[part] = value;
    else if (entered.child === undefined || entered.child === null) owner[part] = {};
    parent = owner[part];
  }
  return undefined;
};

/**
 * Sets values in a spec that was read, in place, one after another.
 * Returns the places that were set, and a problem for each path that leads nowhere.
 */
export const overrideSpec = (
  root: unknown,
  overrides: readonly SpecOverride[],
): { readonly paths: readonly SpecPath[]; readonly problems: readonly SpecProblem[] } => {
  const paths: SpecPath[] = [];
  const problems: SpecProblem[] = [];
  for (const override of overrides) {
    const path = parseSpecPath(override.path);
    if (path === undefined || path.includes('__proto__')) {
      problems.push(
        refuse(
          [],
          `cannot read the path ${JSON.stringify(override.path)}; write one such as output.mode or steps[2].sort.limit`,
        ),
      );
      continue;
    }
    const problem = place(root, path, readValue(override.value, path));
    if (problem === undefined) paths.push(path);
    else problems.push(problem);
  }
  return { paths, problems };
};
