/** The tasks of a stage run in passes: each takes those without a commit. */
export type Pass = {
  /** Tasks with a commit before the pass. */
  readonly committed: number;
  /** Passes one after another that committed nothing new. */
  readonly empty: number;
};

/** A pass that committed something new earns another; so many that did not end the job. */
const MOST_EMPTY = 2;

/** What follows a pass that left tasks missing: the next one, or undefined where that is hopeless. */
export const nextPass = (pass: Pass, committed: number): Pass | undefined => {
  const empty = committed > pass.committed ? 0 : pass.empty + 1;
  return empty >= MOST_EMPTY ? undefined : { committed, empty };
};

/** Failed children that a Map bears: beyond, something is wrong with all of them. */
export const countTolerated = (tasks: number): number => Math.max(10, Math.floor(tasks / 100));
