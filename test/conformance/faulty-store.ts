import { setImmediate as turn } from 'node:timers/promises';
import { StoreError } from '../../functions/contract/errors-store.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';

/** What happens to one request; see README.md. */
export type Reply = 'ok' | 'lost' | 'dropped' | 409 | 412 | 503;
export type Fault = {
  /** The request it waits for. */
  readonly on: 'get' | 'head' | 'put' | 'putIfAbsent' | 'putFile' | 'delete';
  readonly reply?: Reply;
  /** Turns of the event loop before the request. */
  readonly delay?: number;
  /** For how many requests it holds; 1 unless given. */
  readonly times?: number;
  /** What others do after the request was handled and before its reply is seen. */
  readonly meanwhile?: () => Promise<void>;
};

const failure = (operation: string, key: string, reason: string): StoreError =>
  new StoreError({ operation, key, reason, isUnknown: true });

/** A store on which the scripted faults happen, in order, each at the next request of its kind. */
export const openFaultyStore = (store: ObjectStore, faults: readonly Fault[]): ObjectStore => {
  const script = faults.map((fault) => ({ ...fault, left: fault.times ?? 1 }));

  const faulty = async <Result>(
    on: Fault['on'],
    key: string,
    request: () => Promise<Result>,
  ): Promise<Result> => {
    // Of one kind the first that is left; a fault waits for its own kind only.
    const fault = script.find((each) => each.on === on && each.left > 0);
    if (fault === undefined) return request();
    fault.left -= 1;
    for (let turns = fault.delay ?? 0; turns > 0; turns -= 1) await turn();
    const reply = fault.reply ?? 'ok';
    const isHandled = reply === 'ok' || reply === 'lost' || reply === 412;
    const result = isHandled ? await request() : undefined;
    await fault.meanwhile?.();
    if (reply === 'ok') return result as Result;
    // A client's own second try meets what its first one put.
    if (reply === 412 && on === 'putIfAbsent') return 'exists' as Result;
    throw failure(on, key, typeof reply === 'number' ? `the store answered ${reply}` : 'no answer came');
  };

  return {
    ...store,
    get: (key) => faulty('get', key, () => store.get(key)),
    head: (key) => faulty('head', key, () => store.head(key)),
    put: (key, bytes) => faulty('put', key, () => store.put(key, bytes)),
    putIfAbsent: (key, bytes) => faulty('putIfAbsent', key, () => store.putIfAbsent(key, bytes)),
    putFile: (key, path) => faulty('putFile', key, () => store.putFile(key, path)),
    delete: (key) => faulty('delete', key, () => store.delete(key)),
  };
};
