/**
 * The commit law for any object that is decided once: `If-None-Match: *`, and who is refused, or hears nothing,
 * reads. Everyone gets the same answer, the winner's.
 */
import type * as z from 'zod';
import { StateError, StoreError } from '../contract/errors-store.ts';
import type { ObjectStore } from './object-store.ts';

/** Waiting is the store's own, in its client. These tries only settle what a lost reply or a crossed write left open. */
const MAX_TRIES = 8;

export type Chosen<Value> = {
  /** What stands, for everyone and from now on. */
  readonly chosen: Value;
  /** Whether it is what this call put, be it that only the reply was lost. */
  readonly isMine: boolean;
};

type Decided<Schema extends z.ZodType> = { readonly key: string; readonly schema: Schema };

const renderJson = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** Reads an object of the state. Fails with StateError where it does not fit its schema. */
export const readState = async <Schema extends z.ZodType>(
  store: ObjectStore,
  { key, schema }: Decided<Schema>,
): Promise<z.infer<Schema> | undefined> => {
  const bytes = await store.get(key);
  return bytes === undefined ? undefined : parseState({ key, schema }, bytes);
};

/** Fails with StateError where the bytes do not fit the schema. */
export const parseState = <Schema extends z.ZodType>(
  { key, schema }: Decided<Schema>,
  bytes: Uint8Array,
): z.infer<Schema> => {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new StateError({ key, problem: `it is not JSON (${bytes.length} bytes)` }, { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new StateError({ key, problem: problems.join('; ') }, { cause: parsed.error });
};

/**
 * Puts `value` where nothing stands and returns what stands afterwards. Fails with StateError where that is
 * damaged, with StoreError where the store does not answer in {@link MAX_TRIES} tries.
 */
export const putOnce = async <Schema extends z.ZodType>(
  store: ObjectStore,
  object: Decided<Schema>,
  value: z.infer<Schema>,
): Promise<Chosen<z.infer<Schema>>> => {
  const text = renderJson(object.schema.parse(value));
  const bytes = new TextEncoder().encode(text);
  // Once put it stands: what nobody could read again must not be.
  parseState(object, bytes);
  let failure: StoreError | undefined;
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    try {
      if ((await store.putIfAbsent(object.key, bytes)) === 'created') return { chosen: value, isMine: true };
    } catch (error) {
      failure = requireUnknown(error);
    }
    try {
      const standing = await store.get(object.key);
      if (standing !== undefined) {
        return { chosen: parseState(object, standing), isMine: new TextDecoder().decode(standing) === text };
      }
    } catch (error) {
      failure = requireUnknown(error);
    }
  }
  throw (
    failure ??
    new StoreError({
      operation: 'put',
      key: object.key,
      reason: 'it is refused as existing, yet cannot be read',
    })
  );
};

/** A failure after which it is open what stands is answered by reading again; any other one ends the attempt. */
const requireUnknown = (error: unknown): StoreError => {
  if (error instanceof StoreError && error.isUnknown) return error;
  throw error;
};
