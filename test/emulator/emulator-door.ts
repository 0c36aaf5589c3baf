/** The door of the emulator for tests: they order faults and count what was invoked. See door.py. */
import type { Emulator } from './start-emulator.ts';

/** All that the door needs to know of an emulator. */
export type Door = Pick<Emulator, 'endpoint'>;

type When = {
  /** So many that match go wrong: 1. */
  readonly times?: number;
  /** So many that match pass before: 0. */
  readonly skip?: number;
  readonly afterSeconds?: number;
};

/**
 * `function` is a pattern of names with `*` and `?`; `where` holds values that the event has in these fields, `says` is
 * a piece of the event as JSON, wherever it stands.
 */
export type LambdaFault = When & {
  readonly target: 'lambda';
  /**
   * `die` and `time-out` cut the handler short after `afterSeconds`; `throttle` and `service-error` never run it;
   * `lose-answer` runs it to its end and gives the caller a service error; `twice` runs it twice at once; `hold` begins
   * it when the fault is withdrawn, and after `afterSeconds` at the latest.
   */
  readonly kind: 'die' | 'time-out' | 'throttle' | 'service-error' | 'lose-answer' | 'twice' | 'hold';
  readonly function?: string;
  readonly where?: Readonly<Record<string, unknown>>;
  readonly says?: string;
};

/** `operation`, `bucket` and `key` are patterns; an operation is named as in the API: `PutObject`. */
export type S3Fault = When & {
  readonly target: 's3';
  /**
   * `slow-down`, `internal-error` and `conflict` answer 503, 500 and 409 and do nothing; `drop` closes the connection
   * and does nothing; `lose-answer` does it, then closes; `delay` waits `afterSeconds` before it does it.
   */
  readonly kind: 'slow-down' | 'internal-error' | 'conflict' | 'drop' | 'lose-answer' | 'delay';
  readonly operation?: string;
  readonly bucket?: string;
  readonly key?: string;
};

export type OrderedFault = {
  readonly id: number;
  readonly hits: number;
  /** How often it will still strike. */
  readonly times: number;
};

/** One run of a handler. `outcome` is `ok` or the errorType; `fault` the kind of the fault that it met, or empty. */
export type Invocation = {
  readonly function: string;
  readonly version: string;
  readonly requestId: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly outcome: string;
  readonly fault: string;
};

const ask = async <T>(emulator: Door, path: string, init?: RequestInit): Promise<T> => {
  const reply = await fetch(`${emulator.endpoint}/_daybreak/${path}`, init);
  if (!reply.ok) throw new Error(`the emulator's door answered ${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as T;
};

/** Fails where the emulator does not know the fault: no test waits for one that never comes. */
export const orderFault = (emulator: Door, fault: LambdaFault | S3Fault): Promise<OrderedFault> =>
  ask(emulator, 'faults', { method: 'POST', body: JSON.stringify(fault) });

export const listFaults = (emulator: Door): Promise<readonly OrderedFault[]> => ask(emulator, 'faults');

/** It strikes no more, and what it holds goes on. */
export const withdrawFault = (emulator: Door, { id }: Pick<OrderedFault, 'id'>): Promise<unknown> =>
  ask(emulator, `faults?${new URLSearchParams({ id: String(id) })}`, { method: 'DELETE' });

export const clearFaults = (emulator: Door): Promise<unknown> =>
  ask(emulator, 'faults', { method: 'DELETE' });

/** Those that have ended, in that order; `pattern` of the function's name. */
export const listInvocations = (emulator: Door, pattern = '*'): Promise<readonly Invocation[]> =>
  ask(emulator, `invocations?${new URLSearchParams({ function: pattern })}`);

/** A request to S3. `key` is of a listing its prefix, and empty of DeleteObjects; `range` of a ranged read. */
export type S3Request = {
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
  readonly range: string;
};

/** What was asked of a bucket since {@link forgetRequests}. */
export const listRequests = (emulator: Door, bucket: string): Promise<readonly S3Request[]> =>
  ask(emulator, `requests?${new URLSearchParams({ bucket })}`);

export const forgetRequests = (emulator: Door): Promise<unknown> =>
  ask(emulator, 'requests', { method: 'DELETE' });
