import type { Column } from '../contract/columns.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';

/**
 * The columns of the input that the steps need, in the order of the input. What no step needs is not read, and
 * so not judged: a value that does not fit its type is a reject only where a step needs it.
 */
export const usedColumns = (input: readonly Column[], steps: readonly PlannedStep[]): readonly string[] => {
  const last = steps.at(-1)?.columns ?? input;
  const needed = steps.reduceRight<ReadonlySet<string>>(neededBefore, new Set(last.map(({ name }) => name)));
  return input.map(({ name }) => name).filter((name) => needed.has(name));
};

const neededBefore = (after: ReadonlySet<string>, step: PlannedStep): ReadonlySet<string> => {
  switch (step.kind) {
    case 'filter':
      return new Set([...after, ...step.uses]);
    case 'project':
      return new Set(step.expressions.flatMap(({ name, uses }) => (after.has(name) ? uses : [])));
    case 'unnest':
      return new Set([...after, step.column]);
    case 'distinct':
      return new Set(step.columns.map(({ name }) => name));
    case 'group_by':
      return new Set([...step.keys, ...step.aggregates.flatMap(({ uses }) => uses)]);
    case 'sort':
      // Ties are broken on all columns.
      return new Set([...step.columns.map(({ name }) => name), ...step.by.flatMap(({ uses }) => uses)]);
  }
};
