import type * as z from 'zod';
import { JobSpec } from '../contract/spec.ts';
import { PLANNED_STEPS } from '../contract/spec-features.ts';
import { SPEC_LIMITS } from '../contract/spec-limits.ts';
import { STEP_NAMES, STEPS, type StepName } from '../contract/steps.ts';
import { adviseStep } from './advise-field.ts';
import {
  explainIssues,
  phraseIssue,
  renderChoice,
  renderFound,
  renderQuote,
  type SpecProblem,
} from './explain-issues.ts';
import type { SpecPath } from './spec-path.ts';
import { suggestName } from './suggest-name.ts';

const ALL_STEPS = STEP_NAMES.join(', ');
const isStepName = (name: string): name is StepName => Object.hasOwn(STEPS, name);
const parsing = { error: (issue: Parameters<typeof phraseIssue>[0]) => phraseIssue(issue) };

const explainUnknownStep = (name: string, index: number): SpecProblem => {
  const path = ['steps', index, name];
  if (PLANNED_STEPS.includes(name))
    return { path: path.slice(0, 2), at: 'value', message: `the step ${name} is planned but not there yet` };
  const suggestion = adviseStep(name) ?? suggestName(name, STEP_NAMES);
  const message = `unknown step ${renderQuote(name)}; a step is one of ${ALL_STEPS}`;
  return {
    path: path.slice(0, 2),
    at: 'value',
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
};

const explainManyKeys = (names: readonly string[], step: object, index: number): SpecProblem => {
  const path = ['steps', index];
  const [only, ...others] = names.filter(isStepName);
  const isOutdented =
    only !== undefined && others.length === 0 && (step as Record<string, unknown>)[only] === null;
  const shown = names.slice(0, 8).map((name) => renderQuote(name));
  const advice = isOutdented ? `indent what belongs to ${only}` : 'begin each step with a "-"';
  const more = names.length > shown.length ? ['more'] : [];
  return {
    path,
    at: 'value',
    message: `a step has exactly one name, found ${renderChoice([...shown, ...more], 'and')}; ${advice}`,
  };
};

/** What is wrong with one step: looked at by its name, so that no message speaks of the other steps. */
const explainStep = (step: unknown, index: number): readonly SpecProblem[] => {
  const path = ['steps', index];
  if (typeof step !== 'object' || step === null || Array.isArray(step)) {
    const suggestion =
      typeof step === 'string' ? suggestName(step.split(/[\s:]/, 1)[0] ?? '', STEP_NAMES) : undefined;
    const message = `expected a step such as "distinct: true", found ${renderFound(step)}`;
    return [{ path, at: 'value', message, ...(suggestion === undefined ? {} : { suggestion }) }];
  }
  const names = Object.keys(step);
  const [name] = names;
  if (name === undefined)
    return [{ path, at: 'value', message: `expected a step; a step is one of ${ALL_STEPS}` }];
  if (names.length > 1) return [explainManyKeys(names, step, index)];
  if (!isStepName(name)) return [explainUnknownStep(name, index)];
  const value = (step as Record<string, unknown>)[name];
  const result = STEPS[name].safeParse(value, parsing);
  return result.success ? [] : explainIssues(STEPS[name], value, result.error.issues, [...path, name]);
};

/** Whether an issue compares a step with the spec's own list of adapters: the step alone cannot show it. */
const isAboutTheList = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' && issue.params?.known !== undefined;

const FORBIDDEN_NAME = '__proto__';

/** Where a mapping has the key `__proto__`, which zod and much other code drop without a word. */
const findForbiddenNames = (root: unknown): readonly SpecProblem[] => {
  const found: SpecProblem[] = [];
  const open: { readonly value: unknown; readonly path: SpecPath }[] = [{ value: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, FORBIDDEN_NAME))
      found.push({ path, at: 'key', message: `the name "${FORBIDDEN_NAME}" cannot be used` });
    for (const [key, child] of Object.entries(value))
      open.push({ value: child, path: [...path, Array.isArray(value) ? Number(key) : key] });
  }
  return found;
};

/**
 * Judges a value as a job spec: the spec with its defaults, or every problem that can be seen
 * without the data. Expressions must be text already.
 */
export const checkSpec = (
  value: unknown,
): { readonly spec: JobSpec } | { readonly problems: readonly SpecProblem[] } => {
  if (value === null || value === undefined)
    return {
      problems: [{ path: [], at: 'value', message: 'the spec is empty; it needs name, input and output' }],
    };
  const steps =
    typeof value === 'object' && 'steps' in value && Array.isArray(value.steps) ? value.steps : [];
  if (steps.length > SPEC_LIMITS.steps) {
    const message = `a spec has at most ${SPEC_LIMITS.steps} steps, found ${steps.length}`;
    return { problems: [{ path: ['steps'], at: 'key', message }] };
  }
  const forbidden = findForbiddenNames(value);
  if (forbidden.length > 0) return { problems: forbidden };
  const result = JobSpec.safeParse(value, parsing);
  if (result.success) return { spec: result.data };
  const isOfStep = (issue: z.core.$ZodIssue) =>
    issue.path[0] === 'steps' && typeof issue.path[1] === 'number' && !isAboutTheList(issue);
  const others = explainIssues(
    JobSpec,
    value,
    result.error.issues.filter((issue) => !isOfStep(issue)),
  );
  const ofSteps = result.error.issues.some(isOfStep) ? steps.flatMap(explainStep) : [];
  return { problems: [...others, ...ofSteps] };
};
