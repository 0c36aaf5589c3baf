/** Lets at most `most` calls run at once; the others wait in the order in which they came. */
export const limitCalls = (most: number): (<Result>(act: () => Promise<Result>) => Promise<Result>) => {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (act) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
};
