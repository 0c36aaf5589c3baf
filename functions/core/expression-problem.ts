import type { Problem } from '../contract/errors.ts';

/** An expression as a spec gives it; `path` says where it stands there. */
export type ExpressionSource = {
  readonly path: string;
  readonly text: string;
  /** `sort key`: `expression [ASC | DESC] [NULLS FIRST | LAST]`. */
  readonly form: 'value' | 'sort key';
};

/** The character of a text, from 1, in which a byte of its UTF-8 form lies. */
export const characterAt = (text: string, byte: number): number => {
  const bytes = new TextEncoder().encode(text).subarray(0, byte);
  return [...new TextDecoder().decode(bytes)].length + 1;
};

/** A problem of an expression; `at` is the byte where the trouble begins. */
export const expressionProblem = (
  source: ExpressionSource,
  message: string,
  more: { readonly at?: number | undefined; readonly suggestion?: string | undefined } = {},
): Problem => ({
  path: source.path,
  message: `${message}${more.at === undefined ? '' : ` (at character ${characterAt(source.text, more.at)})`}.`,
  ...(more.suggestion === undefined ? {} : { suggestion: more.suggestion }),
});
