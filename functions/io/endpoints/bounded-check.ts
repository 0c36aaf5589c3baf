import { createContext, Script } from 'node:vm';

/** A check of an answer takes microseconds; an expression that backtracks may take longer than the world. */
export const MOST_CHECK_MS = 1_000;

/** Runs a check; undefined where it did not end in time. Throws what the check throws. */
export type BoundedCheck = <Result>(check: () => Result) => { readonly result: Result } | undefined;

/**
 * Makes what ends a check that does not end by itself: an answer is the model's word, and while an expression looks at
 * it this process hears neither signals nor timers.
 */
export const createBoundedCheck = (): BoundedCheck => {
  const scope: { run: () => void } = { run: () => {} };
  const context = createContext(scope);
  const script = new Script('run()');
  return (check) => {
    let found: { readonly result: ReturnType<typeof check> } | undefined;
    scope.run = () => {
      found = { result: check() };
    };
    try {
      script.runInContext(context, { timeout: MOST_CHECK_MS });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    } finally {
      scope.run = () => {};
    }
    return found;
  };
};
