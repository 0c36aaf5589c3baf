import type { ErrorReply, HttpReply } from '../../contract/api.ts';
import { DaybreakError } from '../../contract/errors.ts';
import { RequestError } from '../../contract/errors-cloud.ts';
import type { FailureName } from '../../contract/failures.ts';
import { describeFailure } from '../../core/describe-failure.ts';

export const renderReply = (
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpReply => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: `${JSON.stringify(body)}\n`,
});

/** Failures that are the caller's; every other one is ours. */
const STATUSES: Partial<Readonly<Record<FailureName, number>>> = {
  SpecError: 400,
  SubmissionError: 400,
  ForbiddenError: 403,
  JobNotFoundError: 404,
  NoReportError: 404,
  JobExistsError: 409,
  LimitError: 413,
  // S3 does not answer now; it does in a moment.
  StoreError: 503,
};

/** The reply to a request that failed: no stack, and of what nobody foresaw only where its log is. */
export const renderErrorReply = (error: unknown, requestId: string): HttpReply => {
  if (!(error instanceof DaybreakError)) {
    const message = `the request could not be answered; the log of the function has more under ${requestId}`;
    return renderReply(500, { error: { name: 'InternalError', message, problems: [] } } satisfies ErrorReply);
  }
  const status = error instanceof RequestError ? error.status : (STATUSES[error.name] ?? 500);
  return renderReply(status, { error: describeFailure(error) } satisfies ErrorReply);
};
