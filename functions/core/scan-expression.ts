/** What stands outside the quotes of an expression's text, as far as a parser would hide it. */
export type ScannedText = {
  /** Index of the first comment, or of the first semicolon. */
  readonly comment: number | undefined;
  readonly semicolon: number | undefined;
};

/**
 * A text constant, a quoted name, a dollar-quoted text, a comment or a semicolon. A text with an `E`
 * before it has escapes by backslash; the letter belongs to it only where it begins a word.
 */
const TOKENS =
  /(?<![\w$\u0080-\uffff])[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|(?<![\w$\u0080-\uffff])\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|--|\/\*|;/g;

/** Finds comments and semicolons, which the parser would drop or take for the end of the statement. */
export const scanExpression = (text: string): ScannedText => {
  let comment: number | undefined;
  let semicolon: number | undefined;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === ';') semicolon ??= index;
    if (token !== '--' && token !== '/*') continue;
    comment = index;
    break;
  }
  return { comment, semicolon };
};
