import type { Column } from '../contract/columns.ts';
import type { PinnedFile, PinnedJsonlInput, PinnedTextInput } from '../contract/pinned-input.ts';
import { quoteText } from './quote.ts';
import {
  BUFFER_BYTES,
  columnsOption,
  compressionOption,
  listOption,
  NO_HIVE,
  pathList,
  type ReadInputOptions,
  readerOptions,
  scanOptions,
} from './reader-options.ts';

/** Lines of text are rows of one field: nothing separates two, as this is no character (a noncharacter). */
export const TEXT_DELIMITER = '\u{10FFFF}';

/** One JSON value a line, NULL where a line is malformed; blank lines are no rows. */
export const renderJsonLines = (input: PinnedJsonlInput, files: readonly PinnedFile[]): string =>
  `read_ndjson_objects(${pathList(files)}, ${readerOptions({
    ignore_errors: 'true',
    format: quoteText('newline_delimited'),
    maximum_object_size: String(input.jsonl.maximum_object_size),
    compression: compressionOption(files),
    ...NO_HIVE,
  })})`;

const TEXT_COLUMNS: readonly Column[] = [{ name: 'text', type: 'VARCHAR' }];

/** Reads the lines of files in which only LF ends a line. */
export const renderTextLines = (
  input: PinnedTextInput,
  files: readonly PinnedFile[],
  options: ReadInputOptions,
): string =>
  `read_csv(${pathList(files)}, ${readerOptions({
    auto_detect: 'false',
    columns: columnsOption(TEXT_COLUMNS),
    delim: quoteText(TEXT_DELIMITER),
    quote: quoteText(''),
    escape: quoteText(''),
    comment: quoteText(''),
    header: 'false',
    strict_mode: 'true',
    force_not_null: listOption(['text']),
    max_line_size: String(input.text.max_line_size),
    buffer_size: String(Math.max(BUFFER_BYTES, 2 * input.text.max_line_size)),
    compression: compressionOption(files),
    ...NO_HIVE,
    ...scanOptions(options, TEXT_COLUMNS),
  })})`;

/** Reads files whole: `text` is a file's text, or NULL where it is not UTF-8 and the read is tolerant. */
export const renderWholeFiles = (files: readonly PinnedFile[], tolerant: boolean): string => {
  const text = tolerant ? 'TRY(decode(content))' : 'decode(content)';
  return `(SELECT ${text} AS text, file_index FROM read_blob(${pathList(files)})) WHERE text IS NOT NULL`;
};

/** Splits whole files at CR LF, LF and CR; what ends the last line begins no further one. */
export const renderMixedLines = (files: readonly PinnedFile[], tolerant: boolean): string => {
  const lines = `replace(replace(text, chr(13) || chr(10), chr(10)), chr(13), chr(10))`;
  return `(SELECT unnest(string_split(regexp_replace(${lines}, '\\n\\z', ''), chr(10))) AS text, file_index FROM ${renderWholeFiles(files, tolerant)})`;
};
