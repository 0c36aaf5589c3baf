/**
 * Runners and workers as actors on one store, of whose operations one happens at a time. Who is next is drawn, when
 * all who live wait for the store: so that a seed gives the same order again, however long their own work takes. Only
 * where one of them asks for several things at once and reads files between, the order within it is the machine's.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { ObjectStore } from '../../../functions/io/object-store.ts';

/** What becomes of an operation that was asked for. */
export type Ruling = {
  /** Called before it; what it throws the caller is told instead, and the operation does not happen. */
  readonly before?: () => Promise<void> | void;
  /** Called behind it; what it throws the caller is told, though it has happened. */
  readonly after?: () => Promise<void> | void;
};

export type Actor = {
  readonly name: string;
  readonly store: ObjectStore;
  readonly isAlive: () => boolean;
  /** It does and hears nothing any more, nor do those under it unless they live on. */
  readonly die: (options?: { readonly orphansLive: boolean }) => void;
};

export type Died = { readonly kind: 'died' };
export const DIED: Died = { kind: 'died' };

type Pending = { readonly perform: () => Promise<void> };
type Member = {
  readonly name: string;
  readonly parent: Member | undefined;
  readonly pending: Pending[];
  state: 'alive' | 'ended' | 'dead';
  /** Told when it dies. */
  readonly lost: () => void;
};

/** Far beyond a task of these jobs; then nobody waits for the store, and nobody ends. */
const STUCK_MS = 60_000;
/** For the answer to become the next question, where nothing but promises lies between. */
const TURNS = 3;

export type Stage = {
  /** Lets an actor act. `died` where it was killed, else what it returned or threw. */
  readonly start: <Result>(
    name: string,
    act: (actor: Actor) => Promise<Result>,
    under?: Actor,
  ) => Promise<Result | Died>;
  /** Resolves when all actors have ended or died. */
  readonly play: () => Promise<void>;
};

export const openStage = (
  store: ObjectStore,
  options: {
    readonly random: () => number;
    /** Rules over an operation that is about to happen; called once for each, in their order. */
    readonly rule: (actor: Actor, operation: string) => Ruling;
    /** Looks at the world behind each operation. */
    readonly judge: () => Promise<void>;
  },
): Stage => {
  const members = new Map<Actor, Member>();
  let wake = (): void => {};

  const ask = <Result>(
    { actor, member }: { readonly actor: Actor; readonly member: Member },
    operation: string,
    request: () => Promise<Result>,
  ): Promise<Result> => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const isDead = (): boolean => member.state === 'dead';
    const perform = async (): Promise<void> => {
      const ruling = options.rule(actor, operation);
      try {
        await ruling.before?.();
        if (isDead()) return;
        const result = await request();
        await ruling.after?.();
        if (!isDead()) resolve(result);
      } catch (error) {
        if (!isDead()) reject(error);
      }
    };
    // Of the dead nobody hears again, and they hear nothing.
    if (!isDead()) member.pending.push({ perform });
    wake();
    return promise;
  };

  const openActorStore = (asking: { readonly actor: Actor; readonly member: Member }): ObjectStore => {
    const listAll = async (prefix: string) => {
      const found = [];
      for await (const facts of store.list(prefix)) found.push(facts);
      return found;
    };
    return {
      get: (key) => ask(asking, `get ${key}`, () => store.get(key)),
      getRange: (key, offset, length) => ask(asking, `get ${key}`, () => store.getRange(key, offset, length)),
      head: (key) => ask(asking, `head ${key}`, () => store.head(key)),
      put: (key, bytes) => ask(asking, `put ${key}`, () => store.put(key, bytes)),
      putIfAbsent: (key, bytes) => ask(asking, `putIfAbsent ${key}`, () => store.putIfAbsent(key, bytes)),
      putFile: (key, path) => ask(asking, `putFile ${key}`, () => store.putFile(key, path)),
      sums: (key) => ask(asking, `sums ${key}`, () => store.sums(key)),
      delete: (key) => ask(asking, `delete ${key}`, () => store.delete(key)),
      list: async function* (prefix) {
        yield* await ask(asking, `list ${prefix}`, () => listAll(prefix));
      },
      listFolders: store.listFolders,
      deleteIfSame: (key, bytes) => ask(asking, `deleteIfSame ${key}`, () => store.deleteIfSame(key, bytes)),
      // An operation for each object: a death leaves some of them. Of 64 prefixes most are empty, and ask for none.
      deletePrefix: async (prefix) => {
        for (const { key } of await listAll(prefix))
          await ask(asking, `delete ${key}`, () => store.deletePrefix(key));
      },
      localPath: store.localPath,
    };
  };

  const start: Stage['start'] = async (name, act, under) => {
    const { promise: death, resolve } = Promise.withResolvers<Died>();
    const parent = under === undefined ? undefined : members.get(under);
    const member: Member = { name, parent, pending: [], state: 'alive', lost: () => resolve(DIED) };
    const kill = (each: Member, orphansLive: boolean): void => {
      if (each.state !== 'alive') return;
      each.state = 'dead';
      each.pending.length = 0;
      each.lost();
      if (orphansLive) return;
      for (const other of members.values()) if (other.parent === each) kill(other, false);
    };
    const actor: Actor = {
      name,
      isAlive: () => member.state === 'alive',
      die: ({ orphansLive } = { orphansLive: false }) => {
        kill(member, orphansLive);
        wake();
      },
      get store() {
        return actorStore;
      },
    };
    const actorStore = openActorStore({ actor, member });
    members.set(actor, member);
    const acting = act(actor);
    // What an abandoned one says later, nobody hears.
    acting.catch(() => {});
    try {
      return await Promise.race([acting, death]);
    } finally {
      if (member.state === 'alive') member.state = 'ended';
      wake();
    }
  };

  const living = (): readonly Member[] => [...members.values()].filter(({ state }) => state === 'alive');

  /** At its own work, of which the end is not known: neither at the store nor waiting for those under it. */
  const isBusy = (member: Member): boolean =>
    member.pending.length === 0 && !living().some(({ parent }) => parent === member);

  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < TURNS; turns += 1) await turn();
    while (living().some(isBusy)) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      wake = resolve;
      const names = (): string =>
        living()
          .map(({ name }) => name)
          .join(', ');
      const timer = setTimeout(
        () => reject(new Error(`nobody asks the store any more: ${names()}`)),
        STUCK_MS,
      );
      // Between the look and the wait somebody may have asked.
      if (!living().some(isBusy)) resolve();
      await promise.finally(() => clearTimeout(timer));
      await turn();
    }
  };

  return {
    start,
    play: async () => {
      for (;;) {
        await settle();
        const waiting = living().filter(({ pending }) => pending.length > 0);
        const next = waiting[Math.floor(options.random() * waiting.length)]?.pending.shift();
        if (next === undefined) return;
        await next.perform();
        await options.judge();
      }
    },
  };
};
