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
  let wake: (() => void) | undefined;
  const abort = (): void => wake?.();
  signal.addEventListener('abort', abort);
  const giveOn = async (): Promise<void> => {
    for (let entry = begun[given]; entry?.result !== undefined; entry = begun[given]) {
      given += 1;
      await work.emit(entry.unit, entry.result);
    }
    begun = begun.slice(given);
    given = 0;
  };
  const waitForOne = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
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
      wake?.();
    });
    return undefined;
  };
  try {
    for await (const batch of units) {
      signal.throwIfAborted();
      for (const unit of batch) {
        while (isFull()) {
          await giveOn();
          if (isFull()) await waitForOne();
          signal.throwIfAborted();
        }
        const emitting = begin(unit);
        if (emitting !== undefined) await emitting;
      }
      await giveOn();
    }
    while (begun.length > 0) {
      signal.throwIfAborted();
      await giveOn();
      if (begun.length > 0) await waitForOne();
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
};
