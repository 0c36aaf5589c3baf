import type { InferRejectCause } from '../../contract/planned-infer.ts';
import { INFER_LIMITS } from '../../contract/planned-infer.ts';
import type { FailureKind } from '../../core/endpoints/adapt-concurrency.ts';
import { judgeReplyError } from '../../core/endpoints/judge-reply-error.ts';
import { parseRetryAfter } from '../../core/endpoints/retry-delay.ts';
import type { ClientError } from './openai-client.ts';
import type { EndpointSettings } from './settings.ts';

/** Why a row of an endpoint has no answer, for its reject. */
export type RowReject = {
  readonly cause: InferRejectCause;
  /** A word or two: `400 context_length_exceeded`, `ECONNRESET`. */
  readonly error?: string;
  /** May quote the row. */
  readonly message: string;
  /** What the model said, where it said something else than what was asked for; without a key. */
  readonly answer?: string;
};

/** One request without an answer. */
export type AskFailure =
  | { readonly kind: 'row'; readonly reject: RowReject }
  | {
      readonly kind: FailureKind;
      /** What the endpoint does, without any of what it said: goes on from "the endpoint x …". */
      readonly problem: string;
      /** For the reject of a row that never gets further. */
      readonly error: string;
      readonly message: string;
      readonly retryAfterMs?: number;
    };

type Said = Extract<ClientError, { kind: 'reply' }>;
type Asked = Pick<EndpointSettings, 'key' | 'keyPlace'>;

/**
 * Reads what the client threw; undefined for a mistake of ours. No key is in what it returns, whatever the endpoint
 * said.
 */
export const describeFailure = (error: ClientError, asked: Asked, nowMs: number): AskFailure | undefined => {
  switch (error.kind) {
    case 'reply':
      return describeReply(error, asked, nowMs);
    case 'timeout':
      return ofEndpoint('timeout', 'does not answer in time', 'timeout');
    case 'broken':
      return ofEndpoint('failed', error.what, 'broken_reply');
    case 'transport': {
      const { kind, code, message } = error.failure;
      return ofEndpoint(kind === 'broken' ? 'failed' : kind, message, code);
    }
    default:
      return undefined;
  }
};

const ofEndpoint = (kind: FailureKind, problem: string, error: string): AskFailure => ({
  kind,
  problem,
  error,
  message: `the endpoint ${problem}`,
});

const describeReply = (said: Said, asked: Asked, nowMs: number): AskFailure => {
  const { key } = asked;
  const mask = (text: string): string => (key === undefined ? text : key.maskIn(text));
  const words = [said.status, said.code === String(said.status) ? undefined : said.code].filter(isGiven);
  const error = mask(words.join(' '));
  // Masked before it is cut, so that no part of a key is left at the end.
  const message = mask(said.message).slice(0, INFER_LIMITS.messageCharacters);
  const judged = judgeReplyError(said);
  if (judged.kind === 'row') return { kind: 'row', reject: { cause: judged.cause, error, message } };
  const retryAfterMs = parseRetryAfter(
    { milliseconds: said.header('retry-after-ms'), retryAfter: said.header('retry-after') },
    nowMs,
  );
  const problem = `${mask(problemOf(said))}${said.status === 401 ? renderKey(asked) : ''}`;
  return {
    kind: judged.kind,
    problem,
    error,
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
};

const isGiven = <Value>(value: Value | undefined): value is Value => value !== undefined;

const problemOf = ({ status, code, type, param }: Said): string => {
  if (status >= 300 && status < 400)
    return `sends requests on to another address (${status}), which is never followed`;
  const known = [code, type].find((word) => word !== undefined && word !== String(status));
  const about = param === undefined ? '' : `, about ${param}`;
  return `answers ${status}${known === undefined ? '' : ` (${known}${about})`}`;
};

/** A key that is missing is another mistake than one that is wrong. */
const renderKey = ({ key, keyPlace }: Asked): string =>
  key === undefined ? `: no key is configured, ${keyPlace} is not set` : ` to the key of ${keyPlace}`;
