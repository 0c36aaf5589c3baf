import { NEXT_STATES, type NextState } from '../../../functions/contract/execution.ts';
import type { Choice, Fail } from '../asl.ts';

const STATE_OF = {
  map: 'Map',
  'map-one': 'MapOne',
  reduce: 'Reduce',
  'reduce-one': 'ReduceOne',
  modules: 'Modules',
  'modules-one': 'ModulesOne',
  publish: 'Publish',
  split: 'Split',
  end: 'Dispatch',
} as const satisfies Record<NextState, string>;

/** The loop over the plan's stages. */
export const nextStage = (): Choice => ({
  Type: 'Choice',
  Choices: NEXT_STATES.map((next) => ({ Variable: '$.next', StringEquals: next, Next: STATE_OF[next] })),
  Default: 'NextUnknown',
});

/** Not to `end`, which would come back here. The job stays open to resume; a rule runs dispatch. */
export const nextUnknown = (): Fail => ({
  Type: 'Fail',
  Error: 'StateError',
  Cause: `a function returned a next state that is none of ${NEXT_STATES.join(', ')}`,
});
