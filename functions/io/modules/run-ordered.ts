import { createTurns } from './take-turns.ts';

/**
 * Calls in flight, in order: at most `concurrency` are open at once, results are given on in the order of the
 * units, and at most `window` units have been begun and not given on (a slow one holds back those after it).
 */
export type OrderedWork<Unit, Result> = {
  readonly concurrency: number;
  readonly window: number;
  /** Never throws and never rejects; a result that is there at once costs no promise. */
  readonly call: (unit: Unit) => Result | Promise<Result>;
  readonly emit: (unit: Unit, result: Result) => void | Promise<void>;
  /** Milliseconds; default: the clock of the process. */
  readonly now?: () => number;
};

type Entry<Unit, Result> = { readonly unit: Unit; result: Result | undefined };

/** Runs all units; fails with what `emit`, the source or the signal throws, and begins nothing afterwards. */
export const runOrdered = async <Unit, Result extends object>(
  units: AsyncIterable<Iterable<Unit>>,
  work: OrderedWork<Unit, Result>,
  signal: AbortSignal,
): Promise<void> => {
  let begun: Entry<Unit, Result>[] = [];
  let given = 0;
  let open = 0;
  // Counted, so that what happens between a look and the wait for it is not missed.
  let events = 0;
  let wake: (() => void) | undefined;
  const takeTurn = createTurns(work.now);
  const happen = (): void => {
    events += 1;
    wake?.();
  };
  signal.addEventListener('abort', happen);
  const giveOn = async (): Promise<void> => {
    for (let entry = begun[given]; entry?.result !== undefined; entry = begun[given]) {
      given += 1;
      await work.emit(entry.unit, entry.result);
    }
    begun = begun.slice(given);
    given = 0;
  };
  const waitSince = (seen: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      if (events !== seen) resolve();
    });
  /** Gives on what is there; where that changes nothing, waits for a call to end or for the signal. */
  const proceed = async (isWaiting: () => boolean): Promise<void> => {
    const seen = events;
    signal.throwIfAborted();
    await giveOn();
    if (isWaiting()) await waitSince(seen);
    signal.throwIfAborted();
  };
  const isFull = (): boolean => open >= work.concurrency || begun.length >= work.window;
  const begin = (unit: Unit): void | Promise<void> => {
    const result = work.call(unit);
    if (!(result instanceof Promise)) {
      if (begun.length === 0) return work.emit(unit, result);
      begun.push({ unit, result });
      return undefined;
    }
    const entry: Entry<Unit, Result> = { unit, result: undefined };
    begun.push(entry);
    open += 1;
    result.then((settled) => {
      entry.result = settled;
      open -= 1;
      happen();
    });
    return undefined;
  };
  try {
    for await (const batch of units) {
      signal.throwIfAborted();
      for (const unit of batch) {
        while (isFull()) await proceed(isFull);
        const emitting = begin(unit);
        if (emitting !== undefined) await emitting;
        const turning = takeTurn();
        if (turning === undefined) continue;
        await turning;
        signal.throwIfAborted();
      }
      await giveOn();
    }
    while (begun.length > 0) await proceed(() => begun.length > 0);
  } finally {
    signal.removeEventListener('abort', happen);
  }
};
