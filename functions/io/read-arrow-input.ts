import { ArrowFormatError, ColumnTypeError } from '../contract/errors-arrow.ts';
import { InputFormatError } from '../contract/errors-input.ts';
import { type PinnedFile, readPathOf } from '../contract/pinned-input.ts';
import { clearFields } from './arrow/clear-fields.ts';
import type { DecodedMessage } from './arrow/decode-message.ts';
import { readArrowFile } from './arrow/read-arrow-file.ts';
import { errorCode } from './file-operations.ts';

/** Rows of one batch: what Arrow asks of writers, and a bound for what a few damaged bytes can claim. */
const BATCH_ROWS = 2 ** 31 - 1;

/** What an error of reading means for the input: the file is named. A mistake of ours stays as it is. */
export const nameArrowFile = (path: string, error: unknown): unknown => {
  if (error instanceof ArrowFormatError)
    return new InputFormatError(
      { path, reason: `is damaged or no whole Arrow file: ${error.message}` },
      { cause: error },
    );
  if (error instanceof ColumnTypeError)
    return new InputFormatError({ path, reason: `cannot be read: ${error.message}` }, { cause: error });
  if (error instanceof RangeError)
    return new InputFormatError(
      { path, reason: 'is damaged: it counts more than memory can hold' },
      { cause: error },
    );
  if (error instanceof Error && 'syscall' in error)
    return new InputFormatError({ path, reason: `cannot be read (${errorCode(error)})` }, { cause: error });
  return error;
};

/** Throws ArrowFormatError for what no writer means. */
export const checkArrowMessage = (message: DecodedMessage): void => {
  if (message.kind === 'schema') clearFields(message.schema.fields);
  if (message.kind === 'batch' && !(message.header.length >= 0 && message.header.length <= BATCH_ROWS))
    throw new ArrowFormatError(`a batch says that it has ${message.header.length} rows`);
};

/**
 * Walks over the messages of an input file, or of the rows of it that a slice reads; see `readArrowFile`.
 * Throws InputFormatError.
 */
export const readArrowInput = function* (file: PinnedFile): Generator<DecodedMessage> {
  try {
    for (const message of readArrowFile(readPathOf(file), file.readBatches)) {
      checkArrowMessage(message);
      yield message;
    }
  } catch (error) {
    throw nameArrowFile(file.path, error);
  }
};
