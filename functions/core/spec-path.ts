/** A place in a spec: keys and, in lists, indexes from 0. */
export type SpecPath = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const KEY_WITHOUT_QUOTES = /[^.[\]"]+/y;
const INDEX = /\[(\d{1,9})\]/y;
const QUOTED_KEY = /\["((?:[^"\\]|\\.)*)"\]/y;

/** Renders a place as `steps[2].select["first name"]`. */
export const renderSpecPath = (path: SpecPath): string =>
  path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!PLAIN_KEY.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');

const matchAt = (pattern: RegExp, text: string, offset: number): RegExpExecArray | null => {
  pattern.lastIndex = offset;
  return pattern.exec(text);
};

/** Reads a place as {@link renderSpecPath} writes it; `undefined` where the text is none. */
export const parseSpecPath = (text: string): SpecPath | undefined => {
  const path: (string | number)[] = [];
  let offset = 0;
  while (offset < text.length) {
    const index = matchAt(INDEX, text, offset);
    const quoted = index ?? matchAt(QUOTED_KEY, text, offset);
    const isFirst = path.length === 0;
    const start = isFirst || text[offset] !== '.' ? offset : offset + 1;
    const plain =
      quoted !== null || (!isFirst && start === offset) ? null : matchAt(KEY_WITHOUT_QUOTES, text, start);
    if (index !== null) path.push(Number(index[1]));
    else if (quoted !== null) {
      try {
        path.push(JSON.parse(`"${quoted[1]}"`) as string);
      } catch {
        return undefined;
      }
    } else if (plain !== null) path.push(plain[0]);
    else return undefined;
    offset = quoted === null ? start + (plain?.[0].length ?? 0) : offset + quoted[0].length;
  }
  return path.length === 0 ? undefined : path;
};
