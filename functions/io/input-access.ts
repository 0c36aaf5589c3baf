import type { PinnedFile, PinnedInput } from '../contract/pinned-input.ts';
import { type ByteSource, type ByteSpan, openFileBytes } from './byte-source.ts';

/** How a task gets at its input: at files of this machine in place, at objects in S3 by copies in its scratch folder. */
export type InputAccess = {
  readonly openBytes: (file: PinnedFile, span: ByteSpan) => Promise<ByteSource>;
  /**
   * Makes the files of an input, or of a slice of it, readable on this machine: Parquet and Arrow as far as these
   * columns need. Throws InputFormatError, InputChangedError.
   */
  readonly bring: <Input extends PinnedInput>(input: Input, columns: readonly string[]) => Promise<Input>;
};

/** Of files on this machine. */
export const ACCESS_IN_PLACE: InputAccess = {
  openBytes: ({ path }) => openFileBytes(path),
  bring: async (input) => input,
};
