import { renderExecutionName } from '../../contract/dispatch.ts';
import { freeSlot, listSlots } from '../../io/cloud/slots.ts';
import type { ObjectStore } from '../../io/object-store.ts';

/** Gives back the slot of an execution that is over, by its name. Repeatable; a later go of the job keeps its own. */
export const releaseSlot = async (store: ObjectStore, execution: string): Promise<void> => {
  for (const held of await listSlots(store)) {
    if (renderExecutionName(held.slot) === execution) await freeSlot(store, held);
  }
};
