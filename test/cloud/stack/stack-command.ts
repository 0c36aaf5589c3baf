/** The built command against the deployed stack. */
import { type DaybreakOptions, type Ended, runDaybreak } from '../../flow/daybreak-process.ts';
import type { StackFacts } from './stack-facts.ts';

/** A command that waits for a job: as long as the tests themselves wait for one. */
const LIMIT_SECONDS = 170;

/** The options by which the command finds the stack. */
export const placeOf = ({ settings, endpoint }: StackFacts): readonly string[] => [
  '--stack',
  settings.stackName,
  ...(endpoint === undefined ? [] : ['--endpoint', endpoint]),
];

export const daybreakThere = (
  facts: StackFacts,
  args: readonly string[],
  options: DaybreakOptions,
): Promise<Ended> =>
  runDaybreak([...args, ...placeOf(facts)], {
    limitSeconds: LIMIT_SECONDS,
    ...options,
    env: { ...facts.environment, ...options.env },
  });
