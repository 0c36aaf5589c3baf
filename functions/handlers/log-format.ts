import { LogFormatter, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';

/** What a log may hold of an error. */
type LoggedError = ReturnType<LogFormatter['formatError']>;

/**
 * Lines of the log. Of an error they hold its name, its sentence and its stack, which are ours; of what caused it only
 * what it is called: the engine, a parser or a user's function may have put the value of a cell, or the query, into
 * its sentence, into its stack, and into any other property.
 */
export class LogFormat extends LogFormatter {
  override formatAttributes(line: UnformattedAttributes, more: LogAttributes): LogItem {
    const { logLevel, message, timestamp, serviceName } = line;
    const attributes = { level: logLevel, message, timestamp: this.formatTimestamp(timestamp) };
    return new LogItem({ attributes: { ...attributes, service: serviceName } }).addAttributes(more);
  }

  override formatError(error: Error): LoggedError {
    const { name, message, stack } = error;
    return { name, message, stack, ...factsOfAws(error), ...causeOf(error) } as LoggedError;
  }
}

const causeOf = ({ cause }: Error): object =>
  cause instanceof Error ? { cause: { name: cause.name, ...factsOfAws(cause), ...causeOf(cause) } } : {};

type SdkError = Error & { readonly $metadata?: { httpStatusCode?: number; requestId?: string } };

/** By these a request is found again in the logs of AWS. */
const factsOfAws = (error: SdkError): object => {
  if (error.$metadata === undefined) return {};
  const { httpStatusCode: status, requestId } = error.$metadata;
  return { status, requestId };
};
