const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Whether lists and objects stand more than so many levels within one another. Needs no stack itself. */
export const isDeeperThan = (levels: number, value: unknown): boolean => {
  let level = [value].filter(isContainer);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > levels) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
};
