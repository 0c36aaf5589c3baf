/**
 * The expression as it is checked here: the whole answer. Undefined where JavaScript has no such expression, with or
 * without the stricter reading of Unicode.
 */
export const compileRegex = (regex: string): RegExp | undefined => {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(`^(?:${regex})$`, flags);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
};
