import type { PinnedFile, PinnedInput } from '../contract/pinned-input.ts';
import { judgeCsvSplit, judgeLinesSplit, type SplitVerdict } from './judge-splittable.ts';
import type { RowFormat } from './scan-range.ts';

/** Bytes of a file's head that show whether it is what its name says. */
export const MAGIC_BYTES = 4;

/** A dialect's empty text means none. */
const orNone = (text: string): string | null => (text === '' ? null : text);

const whole = (reason: string): SplitVerdict<RowFormat> => ({ isSplittable: false, reasons: [reason] });

/**
 * How the rows of a pinned text file end, or why it cannot be cut. `head` holds its first {@link MAGIC_BYTES};
 * without them the bytes are not judged, which is for files that were judged before.
 */
export const judgeRowFormat = (
  input: PinnedInput,
  file: PinnedFile,
  head: Uint8Array = new Uint8Array(),
): SplitVerdict<RowFormat> => {
  if (file.compression !== 'none') return whole(`the file is compressed with ${file.compression}`);
  const facts = { path: file.path, head, encoding: 'utf-8' };
  switch (input.format) {
    case 'csv':
    case 'tsv': {
      const { csv } = input;
      const dialect = {
        delimiter: csv.delim,
        quote: orNone(csv.quote),
        escape: orNone(csv.escape),
        newline: file.newline ?? null,
        comment: orNone(csv.comment),
        isStrict: csv.strict_mode,
        maxRowBytes: csv.max_line_size,
      };
      const verdict = judgeCsvSplit(dialect, { ...facts, encoding: csv.encoding });
      if (!verdict.isSplittable) return verdict;
      const columns = input.layouts[file.layout ?? -1]?.length ?? 0;
      return { isSplittable: true, format: { kind: 'csv', dialect: verdict.format, columns } };
    }
    case 'text':
      if (input.text.rows === 'file') return whole('the file is one row');
      // Lines are cut at LF: every range would read to the end of the file.
      if (file.newline === '\r') return whole('a lone carriage return ends its first line');
      break;
    case 'jsonl':
      break;
    case 'parquet':
    case 'arrow':
      return whole('the file is no text');
  }
  const verdict = judgeLinesSplit(facts);
  return verdict.isSplittable ? { isSplittable: true, format: { kind: 'lines' } } : verdict;
};
