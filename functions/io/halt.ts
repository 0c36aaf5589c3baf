import type { RunIds } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import { Halt } from '../contract/outcome.ts';
import type { ObjectStore } from './object-store.ts';
import { type Chosen, putOnce, readState } from './put-once.ts';

const keyOf = ({ job, run }: RunIds): string => KEYS.halt.render({ job, run });

/** Asks a run to end; the first wish stands. Before a failed attempt asks, it looks whether its task is done. */
export const putHalt = (store: ObjectStore, halt: Halt): Promise<Chosen<Halt>> =>
  putOnce(store, { key: keyOf(halt), schema: Halt }, halt);

export const readHalt = (store: ObjectStore, run: RunIds): Promise<Halt | undefined> =>
  readState(store, { key: keyOf(run), schema: Halt });
