import { OUTPUT_KEYS } from '../contract/keys.ts';
import { compileNamePattern, hasGlob, unfoldBraces } from './match-glob.ts';

/**
 * Where a job reads and writes: absolute paths, without links as far as they exist, and addresses `s3://bucket/key`.
 * Folders do not end in `/`.
 */
export type Places = {
  readonly output: string;
  /** What a part of the output is named by. */
  readonly part: { readonly job: string; readonly format: string };
  /** Each of `input.uri`: a file, a folder or a pattern. */
  readonly inputs: readonly string[];
  /** The files that were found. */
  readonly files: readonly string[];
  /** Where no job may write: the state of all jobs, and what starts them. */
  readonly reserved: readonly { readonly what: string; readonly place: string }[];
};

/**
 * The law: no job reads what it writes, nor replaces what it reads, nor writes among the state. Returns what is
 * wrong with the place of the output, as a sentence; undefined where it is well.
 */
export const judgeOutputPlace = (places: Places): string | undefined => {
  const { output } = places;
  const taken = places.reserved.find(({ place }) => isWithin(output, place) || isWithin(place, output));
  if (taken !== undefined) {
    return `the output ${output} and ${taken.what} ${taken.place} lie in one another; give them folders of their own`;
  }
  const replaced = places.files.find((file) => isWithin(file, output));
  if (replaced !== undefined) {
    return `the output ${output} would replace the input file ${replaced}; write to another folder`;
  }
  const reader = places.inputs.find((input) => readsParts(input, places));
  if (reader === undefined) return undefined;
  return `the output ${output} lies where ${reader} is read, so that the job would read its own result when it runs again; write to a folder outside`;
};

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const readsParts = (input: string, { output, part, files }: Places): boolean => {
  const partPath = `${output}/${OUTPUT_KEYS.part.render({ task: '000000', ...part })}`;
  // A folder is what files were found below. It is read to its depths, hidden names aside.
  if (files.some((file) => file !== input && isWithin(file, input))) {
    return isWithin(output, input) && !isHidden(partPath.slice(input.length));
  }
  if (!hasGlob(input)) return false;
  const segments = partPath.split('/');
  return (unfoldBraces(input) ?? []).some((pattern) => matchesFrom(pattern.split('/'), segments));
};

/** Folders and patterns pass over names that begin with `.` or `_`: see io/list-input. */
const isHidden = (path: string): boolean => /(^|\/)[._]/.test(path);

const matchesFrom = (pattern: readonly string[], path: readonly string[]): boolean => {
  const [first, ...rest] = pattern;
  const [name, ...below] = path;
  if (first === undefined) return name === undefined;
  // As its last part `**` means every file below.
  if (first === '**') {
    const next = rest.length === 0 ? ['*'] : rest;
    return matchesFrom(next, path) || (name !== undefined && !isHidden(name) && matchesFrom(pattern, below));
  }
  if (name === undefined) return false;
  if (!hasGlob(first)) return first === name && matchesFrom(rest, below);
  return !isHidden(name) && compileNamePattern(first)(name) && matchesFrom(rest, below);
};
