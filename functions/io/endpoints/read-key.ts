import { open } from 'node:fs/promises';
import path from 'node:path';
import { ENDPOINT_LIMITS, type EndpointFields } from '../../contract/endpoint-settings.ts';
import type { Environment } from './read-variables.ts';
import { keyVariableOf } from './read-variables.ts';
import { Secret } from './secret.ts';

export type KeyAnswer =
  | {
      readonly key: Secret | undefined;
      /** The variable or file where it stands; without a key the variable where it would. */
      readonly place: string;
      readonly problem?: never;
    }
  | { readonly problem: string; readonly field: 'key' | 'key_env' | 'key_file'; readonly key?: never };

/** What a header can carry. */
const HEADER_TEXT = /^[\x21-\x7e]+$/;

/**
 * Finds the key of an endpoint: in its own variable, else in the one that `key_env` names, else in the file that
 * `key_file` names, relative to `folder`. No message has any of it, nor what was given where a name was expected.
 */
export const readKey = async (
  {
    name,
    fields,
    folder,
  }: { readonly name: string; readonly fields: EndpointFields; readonly folder: string },
  environment: Environment,
): Promise<KeyAnswer> => {
  const ownVariable = keyVariableOf(name);
  const own = environment[ownVariable];
  if (own !== undefined && own.trim() !== '') return judgeKey(own, { field: 'key', place: ownVariable });
  const { key_env: variable, key_file: file } = fields;
  if (variable !== undefined) {
    const text = environment[variable];
    if (text !== undefined && text.trim() !== '')
      return judgeKey(text, { field: 'key_env', place: variable });
    // Whoever takes the field for the key itself finds no key in the message.
    const named = /^[A-Z][A-Z0-9_]{0,63}$/.test(variable)
      ? `the variable ${variable}`
      : 'the variable that it names';
    return { field: 'key_env', problem: `${named} is not set` };
  }
  return file === undefined
    ? { key: undefined, place: ownVariable }
    : readKeyFile(path.resolve(folder, file));
};

const judgeKey = (
  text: string,
  { field, place }: { readonly field: 'key' | 'key_env' | 'key_file'; readonly place: string },
): KeyAnswer =>
  HEADER_TEXT.test(text.trim())
    ? { key: new Secret(text.trim()), place }
    : { field, problem: 'the key has characters that a header cannot carry' };

const readKeyFile = async (file: string): Promise<KeyAnswer> => {
  const field = 'key_file';
  try {
    const text = await readStart(file, ENDPOINT_LIMITS.keyBytes + 1);
    if (text.length > ENDPOINT_LIMITS.keyBytes)
      return { field, problem: `a file with a key is at most ${ENDPOINT_LIMITS.keyBytes} bytes` };
    return text.trim() === ''
      ? { field, problem: 'the file is empty' }
      : judgeKey(text, { field, place: `the file ${file}` });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { field, problem: `the file cannot be read (${code})` };
  }
};

/** The first bytes of a file, a character each: a key is ASCII. */
const readStart = async (file: string, bytes: number): Promise<string> => {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
};
