import type { RunIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { Outcome } from '../contract/outcome.ts';
import type { ObjectStore } from './object-store.ts';
import { type Chosen, putOnce, readState } from './put-once.ts';

const keyOf = ({ job, run }: RunIds): string => KEYS.outcome.render({ job, run });

/**
 * Decides how a run ends, before the first output object appears, so that cancel, partial and publish cannot
 * cross. The first one wins; everyone gets the winner and acts on that.
 */
export const putOutcome = (store: ObjectStore, outcome: Outcome): Promise<Chosen<Outcome>> =>
  putOnce(store, { key: keyOf(outcome), schema: Outcome }, outcome);

export const readOutcome = (store: ObjectStore, run: RunIds): Promise<Outcome | undefined> =>
  readState(store, { key: keyOf(run), schema: Outcome });
