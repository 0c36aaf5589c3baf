import { type Problem, SpecError } from '../../contract/errors.ts';
import type { JobSpec } from '../../contract/spec.ts';
import { SPEC_LIMITS } from '../../contract/spec-limits.ts';
import { checkSpec } from '../../core/check-spec.ts';
import type { SpecProblem } from '../../core/explain-issues.ts';
import { parseSpecPath, renderSpecPath, type SpecPath } from '../../core/spec-path.ts';
import { overrideSpec, type SpecOverride } from './override-spec.ts';
import { type PlacedProblem, type Position, readJsonDocument, readYamlDocument } from './spec-document.ts';

export type ParseSpecOptions = {
  /** The name of the file, for messages; JSON is read strictly where it ends in `.json`. */
  readonly file: string;
  /** Values of `--set`, applied in order. */
  readonly overrides?: readonly SpecOverride[];
};

/** A spec together with where its parts stand in the text. */
export type ParsedSpec = {
  readonly spec: JobSpec;
  /** Adds line and column to a problem found later, for example by binding an expression. */
  readonly locate: (problem: Problem) => Problem;
};

/** Tells a problem of the command line from one of the file. */
const BY_SET = '(given by --set)';

/** More problems than this at once help nobody. */
const PROBLEMS_SHOWN = 100;

/** What no text of ours contains; also a sign of a binary file. */
const CONTROL_CHARACTER = /[^\P{Cc}\t\n\r\u0085]/u;

const refuseText = (message: string, file: string, position?: Position): never => {
  throw new SpecError([{ path: '', message, ...position }], { file });
};

const positionAt = (text: string, offset: number): Position => {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
};

const checkText = (text: string, file: string): void => {
  if (Buffer.byteLength(text) > SPEC_LIMITS.documentBytes)
    refuseText(
      `a spec is at most ${SPEC_LIMITS.documentBytes} bytes, found ${Buffer.byteLength(text)}`,
      file,
    );
  const control = CONTROL_CHARACTER.exec(text);
  if (control === null) return;
  const code = text.charCodeAt(control.index).toString(16).toUpperCase().padStart(4, '0');
  refuseText(`the character U+${code} cannot stand in a spec`, file, positionAt(text, control.index));
};

const startsWith = (path: SpecPath, prefix: SpecPath): boolean =>
  prefix.every((part, index) => path[index] === part);

const readDocument = (text: string, file: string) =>
  file.toLowerCase().endsWith('.json') ? readJsonDocument(text) : readYamlDocument(text);

const capProblems = (problems: readonly Problem[]): readonly Problem[] => {
  const more = problems.length - PROBLEMS_SHOWN;
  if (more <= 0) return problems;
  return [...problems.slice(0, PROBLEMS_SHOWN), { path: '', message: `and ${more} more` }];
};

const byPosition = (a: Problem, b: Problem): number =>
  (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

/** Reads a spec as {@link parseSpec} does, and keeps where its parts stand. */
export const readSpec = (text: string, options: ParseSpecOptions): ParsedSpec => {
  const { file } = options;
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  checkText(body, file);
  const document = readDocument(body, file);
  const isReadable = document.value !== undefined && document.value !== null;
  const overridden = overrideSpec(document.value, isReadable ? (options.overrides ?? []) : []);

  const isOverridden = (path: SpecPath): boolean => overridden.paths.some((set) => startsWith(path, set));
  const positionOf = (path: SpecPath, at: 'key' | 'value'): Position | undefined =>
    isOverridden(path) ? undefined : document.locate(path, at);
  const toProblem = ({ path, message, suggestion, at, position }: PlacedProblem): Problem => ({
    path: renderSpecPath(path),
    message: isOverridden(path) ? `${message} ${BY_SET}` : message,
    ...(position ?? positionOf(path, at)),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  const toSetProblem = ({ path, message, suggestion }: SpecProblem): Problem => ({
    path: renderSpecPath(path),
    message: `${message} ${BY_SET}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  });

  const checked = document.value === undefined ? undefined : checkSpec(document.value);
  const shapeProblems = checked !== undefined && 'problems' in checked ? checked.problems : [];
  const told = new Set(document.problems.map(({ path }) => renderSpecPath(path)));
  const problems = [
    ...overridden.problems.map(toSetProblem),
    ...document.problems.map(toProblem),
    ...shapeProblems.filter(({ path }) => !told.has(renderSpecPath(path))).map(toProblem),
  ];
  if (problems.length > 0 || checked === undefined || 'problems' in checked)
    throw new SpecError(capProblems(problems.sort(byPosition)), { file });

  const locate = (problem: Problem): Problem => {
    const path = parseSpecPath(problem.path);
    return problem.line !== undefined || path === undefined
      ? problem
      : { ...problem, ...positionOf(path, 'value') };
  };
  return { spec: checked.spec, locate };
};

/**
 * Reads a job spec from YAML or JSON text.
 * @throws SpecError with every problem, each with its line, column and path.
 */
export const parseSpec = (text: string, options: ParseSpecOptions): JobSpec => readSpec(text, options).spec;

const UTF_16_MARKS = [
  [0xff, 0xfe],
  [0xfe, 0xff],
] as const;

/** The length of the longest prefix that is UTF-8, found by halving. */
const validPrefix = (bytes: Uint8Array): number => {
  let [valid, broken] = [0, bytes.length];
  while (broken - valid > 1) {
    const middle = (valid + broken) >> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      valid = middle;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      broken = middle;
    }
  }
  return valid;
};

/** Text of the bytes of a spec. @throws SpecError where they are too many or not UTF-8. */
export const decodeSpec = (bytes: Uint8Array, file: string): string => {
  if (bytes.length > SPEC_LIMITS.documentBytes)
    refuseText(`a spec is at most ${SPEC_LIMITS.documentBytes} bytes, found ${bytes.length}`, file);
  if (UTF_16_MARKS.some(([first, second]) => bytes[0] === first && bytes[1] === second))
    refuseText('the file is UTF-16; save it as UTF-8', file, { line: 1, column: 1 });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const before = new TextDecoder().decode(bytes.subarray(0, validPrefix(bytes)), { stream: true });
    const byte = (bytes[validPrefix(bytes)] ?? 0).toString(16).toUpperCase().padStart(2, '0');
    return refuseText(
      `the file is not UTF-8: found the byte 0x${byte}`,
      file,
      positionAt(before, before.length),
    );
  }
};

/** Reads a job spec as {@link parseSpec} does, from the bytes of a file. */
export const readSpecBytes = (bytes: Uint8Array, options: ParseSpecOptions): ParsedSpec =>
  readSpec(decodeSpec(bytes, options.file), options);

/** Reads a job spec from the bytes of a file. @throws SpecError */
export const parseSpecBytes = (bytes: Uint8Array, options: ParseSpecOptions): JobSpec =>
  readSpecBytes(bytes, options).spec;
