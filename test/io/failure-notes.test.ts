import { describe, expect, it } from 'vitest';
import type { FailureNote } from '../../functions/contract/execution.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { readFailureNotes } from '../../functions/io/failure-notes.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';

const STAGE = { job: 'a', run: '0001', stage: '00-map' };

type Left = { readonly task: string; readonly error: string; readonly at: number };

/** A store that holds these notes, in the order of their keys, as S3 lists them. */
const storeOf = (left: readonly Left[]): ObjectStore => {
  const objects = new Map(
    left.map(({ task, error, at }, index) => {
      const note = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
      const content: FailureNote = { Error: error, Cause: '{}' };
      const bytes = new TextEncoder().encode(JSON.stringify(content));
      return [KEYS.failure.render({ ...STAGE, task, note }), { bytes, at }] as const;
    }),
  );
  async function* list(prefix: string) {
    for (const [key, { bytes, at }] of [...objects].sort(([left], [right]) => (left < right ? -1 : 1)))
      if (key.startsWith(prefix))
        yield { key, sizeBytes: bytes.length, modifiedAt: new Date(at).toISOString() };
  }
  const get = async (key: string) => objects.get(key)?.bytes;
  return { get, list } as Partial<ObjectStore> as ObjectStore;
};

const taskOf = (number: number): string => String(number).padStart(6, '0');

describe('readFailureNotes', () => {
  it('finds the note of a late task behind any number of notes of others', async () => {
    const others = Array.from({ length: 1_200 }, (_, n) => ({
      task: taskOf(n >> 1),
      error: 'StoreError',
      at: n,
    }));
    const store = storeOf([...others, { task: '009999', error: 'TaskMemoryError', at: 5_000 }]);
    const notes = await readFailureNotes(store, STAGE, ['009998', '009999']);
    expect([...notes].map(([task, note]) => [task, note.Error])).toEqual([['009999', 'TaskMemoryError']]);
  });

  it('gives the last one of a task, whatever its name', async () => {
    const store = storeOf([
      { task: '000001', error: 'TaskMemoryError', at: 2_000 },
      { task: '000001', error: 'StoreError', at: 1_000 },
    ]);
    expect((await readFailureNotes(store, STAGE, ['000001'])).get('000001')?.Error).toBe('TaskMemoryError');
  });
});
