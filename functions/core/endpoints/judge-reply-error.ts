import type { InferRejectCause } from '../../contract/planned-infer.ts';

/** What an endpoint said in place of an answer. */
export type ReplyError = {
  readonly status: number;
  /** Words of a machine, where the reply had some. */
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
  readonly message: string;
};

/**
 * What that means. `row`: for this row, whoever asks again. `refused`: for all rows. `throttled`, `unavailable`: not
 * now, and not so many. `failed`: this once, or this row.
 */
export type ReplyJudgement =
  | { readonly kind: 'row'; readonly cause: InferRejectCause }
  | { readonly kind: 'refused' | 'throttled' | 'unavailable' | 'failed' };

/** An account that pays no longer answers 429 as well, and no waiting helps. */
const SPENT = /^(insufficient_quota|billing_hard_limit_reached|billing_not_active|access_terminated)$/;
/** What is wrong with the request is the step's, and so the same for all rows. */
const OF_THE_STEP =
  /^(unsupported_parameter|unsupported_value|unknown_parameter|invalid_json_schema|model_not_found|model_not_supported|invalid_model|invalid_api_key)$/;
const TOO_LONG_CODE = /^(context_length_exceeded|exceed_context_size_error|string_above_max_length)$/;
/** vLLM, llama.cpp, vendors: none has a code for it. */
const TOO_LONG =
  /maximum context length|maximum model length|context (length|size|window)|prompt is too long|too many (input )?tokens|request too large|reduce the length/i;
const FILTERED_CODE = /content_filter|content_policy|moderation|safety|ResponsibleAIPolicyViolation/i;
const FILTERED = /content (management )?policy|content filter|safety system|flagged/i;

const REFUSALS: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 410, 451]);
const UNAVAILABLE: ReadonlySet<number> = new Set([408, 502, 503, 504, 529]);
const OF_THE_ROW: ReadonlySet<number> = new Set([400, 411, 413, 414, 415, 422, 431]);

/** Reads an answer that is an error; total: whatever status a server makes up has a meaning. */
export const judgeReplyError = ({ status, code = '', type = '', message }: ReplyError): ReplyJudgement => {
  // A server that sends elsewhere is not followed, so it never answers.
  if (status >= 300 && status < 400) return { kind: 'refused' };
  if (SPENT.test(code) || SPENT.test(type)) return { kind: 'refused' };
  if (status === 429) return TOO_LONG.test(message) ? TOO_LONG_ROW : { kind: 'throttled' };
  if (REFUSALS.has(status)) return { kind: 'refused' };
  if (OF_THE_ROW.has(status)) return judgeBadRequest({ status, code, type, message });
  return { kind: UNAVAILABLE.has(status) ? 'unavailable' : 'failed' };
};

const TOO_LONG_ROW = { kind: 'row', cause: 'prompt_too_long' } as const;

const judgeBadRequest = ({
  status,
  code,
  type,
  message,
}: Required<Omit<ReplyError, 'param'>> & {
  readonly code: string;
  readonly type: string;
}): ReplyJudgement => {
  if (OF_THE_STEP.test(code)) return { kind: 'refused' };
  if (status === 413 || TOO_LONG_CODE.test(code) || TOO_LONG_CODE.test(type)) return TOO_LONG_ROW;
  if (FILTERED_CODE.test(code) || FILTERED_CODE.test(type)) return { kind: 'row', cause: 'content_filter' };
  if (TOO_LONG.test(message)) return TOO_LONG_ROW;
  return { kind: 'row', cause: FILTERED.test(message) ? 'content_filter' : 'invalid_request' };
};
