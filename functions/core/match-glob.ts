/**
 * Patterns of `input.uri`: `*` and `?` within a name, `[a-z]` and `[!a-z]`, `{a,b}`, and `**` for any
 * number of folders. Matching takes time proportional to pattern times name, whatever the pattern.
 */

/** Alternatives that one pattern may unfold to. */
const MAX_ALTERNATIVES = 1_000;

export const hasGlob = (text: string): boolean => /[*?[{]/.test(text);

/**
 * Unfolds `{a,b}` into alternatives; nested braces unfold from the inside. An unmatched brace is literal.
 * Returns undefined beyond a thousand alternatives.
 */
export const unfoldBraces = (pattern: string): readonly string[] | undefined => {
  const done: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const found = /\{([^{}]*,[^{}]*)\}/.exec(next);
    if (found === null) done.push(next);
    else
      for (const choice of (found[1] ?? '').split(','))
        open.push(next.slice(0, found.index) + choice + next.slice(found.index + found[0].length));
    if (done.length + open.length > MAX_ALTERNATIVES) return undefined;
  }
  return [...new Set(done)].sort();
};

type Token = { readonly kind: 'star' } | { readonly kind: 'one'; readonly accepts: (c: string) => boolean };

const setOf = (body: string): ((c: string) => boolean) => {
  const isNegated = body.startsWith('!') || body.startsWith('^');
  const members = [...(isNegated ? body.slice(1) : body)];
  const isMember = (c: string): boolean =>
    members.some((member, index) => {
      if (members[index + 1] === '-' && members[index + 2] !== undefined)
        return c >= member && c <= (members[index + 2] ?? '');
      return member === c;
    });
  return (c) => isMember(c) !== isNegated;
};

const tokenize = (pattern: string): readonly Token[] => {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? '';
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
      continue;
    }
    const close = character === '[' ? characters.indexOf(']', index + 2) : -1;
    if (close > 0) {
      tokens.push({ kind: 'one', accepts: setOf(characters.slice(index + 1, close).join('')) });
      index = close;
    } else if (character === '?') tokens.push({ kind: 'one', accepts: () => true });
    else tokens.push({ kind: 'one', accepts: (c) => c === character });
  }
  return tokens;
};

/** Compiles the pattern of one name, without `/` and braces. */
export const compileNamePattern = (pattern: string): ((name: string) => boolean) => {
  const tokens = tokenize(pattern);
  return (name) => {
    const characters = [...name];
    let token = 0;
    let star = -1;
    let resume = 0;
    let index = 0;
    while (index < characters.length) {
      const current = tokens[token];
      if (current?.kind === 'one' && current.accepts(characters[index] ?? '')) {
        token += 1;
        index += 1;
      } else if (current?.kind === 'star') {
        star = token;
        resume = index;
        token += 1;
      } else if (star >= 0) {
        resume += 1;
        index = resume;
        token = star + 1;
      } else return false;
    }
    while (tokens[token]?.kind === 'star') token += 1;
    return token === tokens.length;
  };
};

/** Folders and patterns pass over names that begin with `.` or `_`, as Spark and Hive do. */
export const isHidden = (name: string): boolean => name.startsWith('.') || name.startsWith('_');

/** The names of a path: what each may be, or any number of folders that are not hidden. */
export type PathPattern = readonly ('any folders' | ((name: string) => boolean))[];

const compileSegment = (segment: string): PathPattern[number] => {
  if (segment === '**') return 'any folders';
  if (!hasGlob(segment)) return (name) => name === segment;
  const matches = compileNamePattern(segment);
  return (name) => !isHidden(name) && matches(name);
};

/** Compiles the names of a path, without braces: each is a pattern, or is meant literally. A last `**` is every file. */
export const compilePathPattern = (segments: readonly string[]): PathPattern =>
  (segments.at(-1) === '**' ? [...segments, '*'] : segments).map(compileSegment);

/** Whether the names of a path match. Takes time proportional to pattern times path. */
export const matchesPath = (pattern: PathPattern, names: readonly string[]): boolean => {
  /** Adds a place in the pattern, and those behind it that need no name. */
  const enter = (places: Set<number>, place: number): void => {
    places.add(place);
    if (pattern[place] === 'any folders') enter(places, place + 1);
  };
  let reached = new Set<number>();
  enter(reached, 0);
  for (const name of names) {
    const next = new Set<number>();
    for (const place of reached) {
      const segment = pattern[place];
      if (segment === 'any folders') {
        if (!isHidden(name)) enter(next, place);
      } else if (segment?.(name) === true) enter(next, place + 1);
    }
    reached = next;
  }
  return reached.has(pattern.length);
};
