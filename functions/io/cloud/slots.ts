import { Slot } from '../../contract/dispatch.ts';
import { KEYS } from '../../contract/keys.ts';
import type { ObjectStore } from '../object-store.ts';

/** A slot that is held: its number, who holds it, and the bytes by which it is given back. */
export type HeldSlot = { readonly number: number; readonly slot: Slot; readonly bytes: Uint8Array };

const keyOf = (number: number): string => KEYS.slot.render({ slot: String(number) });

const renderSlot = (slot: Slot): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(Slot.parse(slot))}\n`);

/** All slots that are held, lowest number first. */
export const listSlots = async (store: ObjectStore): Promise<readonly HeldSlot[]> => {
  const held: HeldSlot[] = [];
  for await (const { key } of store.list(KEYS.slot.prefix({}))) {
    const number = KEYS.slot.parse(key)?.slot;
    const bytes = number === undefined ? undefined : await store.get(key);
    if (number === undefined || bytes === undefined) continue;
    held.push({
      number: Number(number),
      slot: Slot.parse(JSON.parse(new TextDecoder().decode(bytes))),
      bytes,
    });
  }
  return held.sort((left, right) => left.number - right.number);
};

/** Takes a slot for a go; false where somebody holds it. */
export const takeSlot = async (store: ObjectStore, number: number, slot: Slot): Promise<boolean> =>
  (await store.putIfAbsent(keyOf(number), renderSlot(slot))) === 'created';

/** Gives a slot back, unless somebody else holds it by now. */
export const freeSlot = (store: ObjectStore, { number, bytes }: HeldSlot): Promise<boolean> =>
  store.deleteIfSame(keyOf(number), bytes);
