import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  type YAMLMap,
} from 'yaml';
import { SPEC_LIMITS } from '../../contract/spec-limits.ts';
import type { SpecProblem } from '../../core/explain-issues.ts';
import type { SpecPath } from '../../core/spec-path.ts';

/** A place in the text; both count from 1, columns in UTF-16 units. */
export type Position = { readonly line: number; readonly column: number };
export type PlacedProblem = SpecProblem & { readonly position?: Position };

/** A document as plain values, what is wrong with its text, and where each part stands. */
export type SpecDocument = {
  readonly value: unknown;
  readonly problems: readonly PlacedProblem[];
  readonly locate: (path: SpecPath, at: 'key' | 'value') => Position | undefined;
};

/** More errors of syntax than this are echoes of the first. */
const SYNTAX_ERRORS_SHOWN = 10;

const problemAt = (message: string, path: SpecPath, position?: Position): PlacedProblem => ({
  path,
  message,
  at: 'value',
  ...(position === undefined ? {} : { position }),
});

const positionOf = (text: string, offset: number): Position => {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n') };
};

const onlyProblem = (problem: PlacedProblem): SpecDocument => ({
  value: undefined,
  problems: [problem],
  locate: () => undefined,
});

/** The tokens of YAML's concrete syntax, or where they become too many or too deep. */
const tokenize = (text: string, lineCounter: LineCounter) => {
  lineCounter.addNewLine(0);
  const parser = new Parser(lineCounter.addNewLine);
  const tokens = [];
  let offset = 0;
  let lexemes = 0;
  let depth = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexeme === '[' || lexeme === '{') depth += 1;
    else if (lexeme === ']' || lexeme === '}') depth -= 1;
    if (lexemes > SPEC_LIMITS.documentTokens)
      return { refused: `a spec has at most ${SPEC_LIMITS.documentTokens} tokens`, offset };
    if (depth > SPEC_LIMITS.documentDepth) return { refused: TOO_DEEP, offset };
    tokens.push(...parser.next(lexeme));
    offset += lexeme.length;
  }
  tokens.push(...parser.end());
  return { tokens };
};
const TOO_DEEP = `nested deeper than ${SPEC_LIMITS.documentDepth} levels`;

/** Where SQL text is expected, a YAML number or boolean stands for its own text. */
const isExpressionPlace = (path: SpecPath): boolean =>
  path[0] === 'steps' &&
  ((path.length === 3 && path[2] === 'filter') ||
    (path.length === 4 && (path[2] === 'select' || path[2] === 'extend')) ||
    (path.length === 5 && path[2] === 'group_by' && path[3] === 'aggregates'));

const SQL_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The text of a plain value at the place of an expression: as written, where SQL reads that too. */
export const valueAtPlace = (value: unknown, source: string | undefined, path: SpecPath): unknown => {
  const isPlain = (typeof value === 'number' && Number.isFinite(value)) || typeof value === 'boolean';
  if (!isPlain || !isExpressionPlace(path)) return value;
  return source !== undefined && SQL_NUMBER.test(source) ? source : String(value);
};

type Walk = { readonly problems: PlacedProblem[]; readonly place: (offset: number) => Position };

const refuseExtras = (node: ParsedNode, path: SpecPath, walk: Walk): void => {
  const refuse = (message: string) => walk.problems.push(problemAt(message, path, walk.place(node.range[0])));
  if (isAlias(node)) return void refuse('aliases are not supported; write the value out');
  if (node.anchor !== undefined) refuse('anchors are not supported; write the value out where it is used');
  if (node.tag !== undefined)
    refuse(`tags such as ${node.tag.replace('tag:yaml.org,2002:', '!!')} are not supported`);
};

const keyText = (key: ParsedNode | null, path: SpecPath, walk: Walk): string | undefined => {
  const refuse = (message: string): undefined => {
    walk.problems.push(problemAt(message, path, key === null ? undefined : walk.place(key.range[0])));
  };
  if (!isScalar(key)) return refuse('expected a name before ":"');
  refuseExtras(key, path, walk);
  if (key.value === null) return refuse('expected a name before ":"');
  const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
  if (name === '<<') return refuse('merge keys are not supported; write the fields out');
  if (name === '__proto__') return refuse('the name "__proto__" cannot be used');
  return name;
};

const toValue = (node: ParsedNode | null, path: SpecPath, walk: Walk): unknown => {
  if (node === null) return null;
  if (path.length > SPEC_LIMITS.documentDepth) {
    walk.problems.push(problemAt(TOO_DEEP, path.slice(0, 3), walk.place(node.range[0])));
    return null;
  }
  refuseExtras(node, path, walk);
  if (isScalar(node)) {
    if (typeof node.value === 'string' && node.value.includes('\0'))
      walk.problems.push(
        problemAt('the character U+0000 cannot stand in a spec', path, walk.place(node.range[0])),
      );
    return valueAtPlace(node.value, node.source, path);
  }
  if (isSeq(node))
    return node.items.map((item, index) => toValue(item as ParsedNode, [...path, index], walk));
  if (!isMap(node)) return null;
  const value: Record<string, unknown> = {};
  const firstOffsets = new Map<string, number>();
  for (const pair of node.items as { key: ParsedNode | null; value: ParsedNode | null }[]) {
    const name = keyText(pair.key, path, walk);
    if (name === undefined) continue;
    const offset = pair.key?.range[0] ?? node.range[0];
    const first = firstOffsets.get(name);
    if (first !== undefined) {
      const message = `given twice; the first is on line ${walk.place(first).line}`;
      walk.problems.push(problemAt(message, [...path, name], walk.place(offset)));
      continue;
    }
    firstOffsets.set(name, offset);
    value[name] = toValue(pair.value, [...path, name], walk);
  }
  return value;
};

type Pair = { readonly key: ParsedNode; readonly value: ParsedNode | null };

/** Finds the pairs of mappings by name; each mapping is indexed once, at the first question. */
const indexPairs = (): ((map: YAMLMap, name: string | number) => Pair | undefined) => {
  const indexes = new WeakMap<YAMLMap, Map<string | number, Pair>>();
  return (map, name) => {
    let index = indexes.get(map);
    if (index === undefined) {
      index = new Map();
      for (const pair of map.items as unknown as readonly Pair[]) {
        if (!isScalar(pair.key)) continue;
        const text = typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? '');
        if (!index.has(text)) index.set(text, pair);
      }
      indexes.set(map, index);
    }
    return index.get(name);
  };
};

/** The offset of the part at a path, or of the deepest part above it that exists. */
const offsetFinder = (root: ParsedNode): ((path: SpecPath, at: 'key' | 'value') => number) => {
  const findPair = indexPairs();
  return (path, at) => {
    let node: ParsedNode | null = root;
    let offset = root.range[0];
    for (const [index, part] of path.entries()) {
      if (isSeq(node) && typeof part === 'number') {
        node = (node.items[part] as ParsedNode | undefined) ?? null;
        offset = node?.range[0] ?? offset;
        continue;
      }
      const pair = isMap(node) ? findPair(node, part) : undefined;
      if (pair === undefined) return offset;
      node = pair.value;
      const isEmpty = node === null || (isScalar(node) && node.value === null && node.source === '');
      const isValueWanted = index === path.length - 1 && at === 'value' && !isEmpty;
      offset = isValueWanted && node !== null ? node.range[0] : pair.key.range[0];
    }
    return offset;
  };
};

/** Reads one YAML document into plain values. JSON is YAML, but for what {@link readJsonDocument} sees to. */
export const readYamlDocument = (text: string, basePath: SpecPath = []): SpecDocument => {
  const lineCounter = new LineCounter();
  const lexed = tokenize(text, lineCounter);
  if (lexed.tokens === undefined)
    return onlyProblem(problemAt(lexed.refused, [], positionOf(text, lexed.offset)));
  const place = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const composer = new Composer({ uniqueKeys: false, merge: false, logLevel: 'silent', prettyErrors: false });
  const [document, second] = [...composer.compose(lexed.tokens, true, text.length)];
  if (document === undefined) return { value: null, problems: [], locate: () => undefined };
  if (second !== undefined)
    return onlyProblem(
      problemAt('a spec is one YAML document; found a second one', [], place(second.range[0])),
    );
  if (document.errors.length > 0) {
    const isTooDeep = document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION');
    if (isTooDeep) return onlyProblem(problemAt(TOO_DEEP, []));
    const shown = document.errors.slice(0, SYNTAX_ERRORS_SHOWN);
    return {
      value: undefined,
      problems: shown.map(({ message, pos }) => problemAt(`not valid YAML: ${message}`, [], place(pos[0]))),
      locate: () => undefined,
    };
  }
  const root = document.contents;
  const walk: Walk = { problems: [], place };
  const warnings = document.warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  for (const { message, pos } of warnings.slice(0, SYNTAX_ERRORS_SHOWN))
    walk.problems.push(problemAt(`not valid YAML: ${message}`, [], place(pos[0])));
  const value = toValue(root, basePath, walk);
  const findOffset = root === null ? undefined : offsetFinder(root);
  const locate = (path: SpecPath, at: 'key' | 'value') =>
    findOffset === undefined ? undefined : place(findOffset(path, at));
  return { value, problems: walk.problems, locate };
};

/** Where V8 says that JSON breaks; of an unexpected token it says only which. */
const JSON_ERROR_OFFSET = /at position (\d+)/;

const findJsonError = (text: string): { readonly reason: string; readonly offset?: number } | undefined => {
  try {
    JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.replace(/,? ?\.{0,3}"[\s\S]*$| (in JSON )?at position.*$| in JSON$/s, '');
    if (error.message.includes('end of JSON')) return { reason, offset: text.length };
    const offset = JSON_ERROR_OFFSET.exec(error.message)?.[1];
    return offset === undefined ? { reason } : { reason, offset: Number(offset) };
  }
  return undefined;
};

/** Halves the text: a prefix that stops before the mistake is only unfinished. */
const findUnexpectedToken = (text: string): number => {
  let [unfinished, broken] = [0, text.length];
  while (broken - unfinished > 1) {
    const middle = (unfinished + broken) >> 1;
    const error = findJsonError(text.slice(0, middle));
    if (error === undefined || error.offset === middle) unfinished = middle;
    else broken = middle;
  }
  return unfinished;
};

/** Reads a JSON document: as strict as JSON, with the positions of {@link readYamlDocument}. */
export const readJsonDocument = (text: string): SpecDocument => {
  if (text.trim() === '') return { value: null, problems: [], locate: () => undefined };
  const error = findJsonError(text);
  if (error !== undefined) {
    const offset = error.offset ?? findUnexpectedToken(text);
    return onlyProblem(problemAt(`not valid JSON: ${error.reason}`, [], positionOf(text, offset)));
  }
  // A tab can stand only between the tokens of JSON, where YAML wants blanks.
  return readYamlDocument(text.replaceAll('\t', ' '));
};
