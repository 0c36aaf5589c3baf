/**
 * Makes one call serve all who ask before it begins: each gets an answer that began after it asked. For a check that
 * many need at once, one at a time.
 */
export const shareNext = <Result>(act: () => Promise<Result>): (() => Promise<Result>) => {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<Result> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const call = act();
      running = call.catch(() => undefined);
      return call;
    });
    return next;
  };
};
