import { MODULE_LIMITS } from '../../contract/module-step.ts';

/** What a module threw, safely: anything can be thrown, also objects whose getters throw. */
export type Thrown = { readonly error: string; readonly message: string };

const ERROR_NAME_CHARACTERS = 100;

/** The name and message of whatever was thrown or rejected with, bounded. */
export const describeThrown = (thrown: unknown): Thrown => ({
  error: bounded(readName(thrown), ERROR_NAME_CHARACTERS),
  message: bounded(readMessage(thrown), MODULE_LIMITS.messageCharacters),
});

/** Cuts at a number of UTF-16 units, never inside a pair; what DuckDB cannot hold is replaced. */
export const bounded = (text: string, characters: number): string =>
  (text.length <= characters ? text : `${text.slice(0, characters - 1).replace(/[\ud800-\udbff]$/, '')}…`)
    .toWellFormed()
    .replaceAll('\0', '\u{FFFD}');

const readName = (thrown: unknown): string => {
  try {
    if (thrown instanceof Error) return typeof thrown.name === 'string' ? thrown.name : 'Error';
  } catch {
    return 'unreadable';
  }
  return thrown === null ? 'null' : typeof thrown;
};

const readMessage = (thrown: unknown): string => {
  try {
    if (thrown instanceof Error) return String(thrown.message);
    return typeof thrown === 'object' && thrown !== null ? (JSON.stringify(thrown) ?? '') : String(thrown);
  } catch {
    return 'what was thrown cannot be read';
  }
};
