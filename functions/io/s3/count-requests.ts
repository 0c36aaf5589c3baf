import type { S3Client } from '@aws-sdk/client-s3';
import { type KeyKind, kindOfKey, kindOfPrefix } from './key-kind.ts';

/** Requests that went out, as S3 bills them. */
export type RequestCount = {
  /** As the API names it: `GetObject`. */
  readonly operation: string;
  readonly kind: KeyKind;
  /** All of them, the next two among them. */
  readonly requests: number;
  /** Those that the SDK sent again by itself. */
  readonly retries: number;
  /** Those that raced a straggler. */
  readonly duplicates: number;
};

export type RequestCounts = {
  /** Since the client was given to {@link countRequests}; sorted by operation and kind. */
  readonly read: () => readonly RequestCount[];
};

/** Where the context of a call says that it races another one. */
export const DUPLICATE_MARK = 'daybreakIsDuplicate';
/** The SDK's own: `attempt=2; max=6`. */
const ATTEMPT_HEADER = 'amz-sdk-request';

/** Counts what the client sends from now on, by operation and kind of key. */
export const countRequests = (client: S3Client): RequestCounts => {
  const counts = new Map<string, { -readonly [Field in keyof RequestCount]: RequestCount[Field] }>();
  client.middlewareStack.add(
    (next, context) => (args) => {
      const operation = (context.commandName ?? '').replace(/Command$/u, '');
      const kind = kindOfInput(args.input);
      const name = `${operation} ${kind}`;
      const count = counts.get(name) ?? { operation, kind, requests: 0, retries: 0, duplicates: 0 };
      counts.set(name, count);
      count.requests += 1;
      if (context[DUPLICATE_MARK] === true) count.duplicates += 1;
      if (isRetry(args.request)) count.retries += 1;
      return next(args);
    },
    // Inside of the retries: each try is a request.
    { step: 'deserialize', priority: 'low', name: 'daybreakCountRequests' },
  );
  return {
    read: () =>
      [...counts].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, count]) => ({ ...count })),
  };
};

const isRetry = (request: unknown): boolean => {
  const { headers } = request as { readonly headers?: Readonly<Record<string, string>> };
  const attempt = headers?.[ATTEMPT_HEADER];
  return attempt !== undefined && !attempt.startsWith('attempt=1;');
};

const kindOfInput = (input: object): KeyKind => {
  const { Key, Prefix, Delete } = input as {
    readonly Key?: string;
    readonly Prefix?: string;
    readonly Delete?: { readonly Objects?: readonly { readonly Key?: string }[] };
  };
  const key = Key ?? Delete?.Objects?.[0]?.Key;
  if (key !== undefined) return kindOfKey(key);
  return Prefix === undefined ? 'other' : kindOfPrefix(Prefix);
};
