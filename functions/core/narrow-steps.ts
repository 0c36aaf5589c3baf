import type { Column } from '../contract/columns.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import { narrowDecomposition } from './narrow-decomposition.ts';

/** Steps that make no column which nothing after them needs, and the columns of the input that they need. */
export type NarrowedSteps = { readonly columns: readonly string[]; readonly steps: readonly PlannedStep[] };

type Names = ReadonlySet<string>;

/**
 * Leaves out of the steps, and of the input, what the result does not need; the result stays the same. What no
 * step needs is not read, and so not judged: a value that does not fit its type is a reject only where a step
 * needs it. A step may be left without columns: then only its rows count.
 */
export const narrowSteps = (input: readonly Column[], steps: readonly PlannedStep[]): NarrowedSteps => {
  let needed: Names = namesOf(steps.at(-1)?.columns ?? input);
  const narrowed = steps.toReversed().map((step) => {
    const narrow = narrowStep(step, needed);
    needed = neededBefore(narrow);
    return narrow;
  });
  const columns = input.map(({ name }) => name).filter((name) => needed.has(name));
  return { columns, steps: narrowed.reverse() };
};

const namesOf = (columns: readonly { readonly name: string }[]): Names =>
  new Set(columns.map(({ name }) => name));

const keepNamed = <Named extends { readonly name: string }>(
  columns: readonly Named[],
  names: Names,
): Named[] => columns.filter(({ name }) => names.has(name));

const narrowStep = (step: PlannedStep, after: Names): PlannedStep => {
  const columns = keepNamed(step.columns, after);
  switch (step.kind) {
    case 'filter':
      return { ...step, columns: keepNamed(step.columns, new Set([...after, ...step.uses])) };
    case 'project':
      return { ...step, columns, expressions: keepNamed(step.expressions, after) };
    case 'unnest':
      return { ...step, columns: keepNamed(step.columns, new Set([...after, step.column])) };
    case 'group_by':
      return {
        ...step,
        columns,
        aggregates: keepNamed(step.aggregates, after),
        decomposition: narrowDecomposition(step.decomposition, (name) => after.has(name)),
      };
    case 'repartition':
      return { ...step, columns: keepNamed(step.columns, new Set([...after, ...step.by])) };
    case 'map':
    case 'flat_map':
    case 'map_batches':
    case 'map_groups':
      // What a function returns is checked as a whole.
      return step;
    case 'infer': {
      const input = keepNamed(step.input, new Set([...after, ...step.uses]));
      return { ...step, input, columns: [...input, ...step.columns.slice(step.input.length)] };
    }
    case 'distinct':
    case 'sort':
      // Both decide by all their columns; a sort breaks ties on them.
      return step;
  }
};

const neededBefore = (step: PlannedStep): Names => {
  switch (step.kind) {
    case 'filter':
    case 'unnest':
    case 'distinct':
    case 'repartition':
      return namesOf(step.columns);
    case 'project':
      return new Set(step.expressions.flatMap(({ uses }) => uses));
    case 'group_by':
      return new Set([...step.keys, ...step.aggregates.flatMap(({ uses }) => uses)]);
    case 'map':
    case 'flat_map':
    case 'map_batches':
    case 'map_groups':
      return namesOf([...step.keys, ...step.input]);
    case 'infer':
      return namesOf(step.input);
    case 'sort':
      return new Set([...namesOf(step.columns), ...step.by.flatMap(({ uses }) => uses)]);
  }
};
