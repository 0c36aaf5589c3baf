/** Enough to see what an engine died of: the end of a traceback. */
const MOST_LINES = 30;
const MOST_CHARACTERS = 300;

/** Keeps the last lines of what a process prints, with what a terminal would obey shown as `?`. */
export const keepTail = () => {
  const kept: string[] = [];
  return {
    add: (line: string): void => {
      kept.push(line.slice(0, MOST_CHARACTERS).replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?'));
      if (kept.length > MOST_LINES) kept.shift();
    },
    lines: (): readonly string[] => kept,
  };
};
