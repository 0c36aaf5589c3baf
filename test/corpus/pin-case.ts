import { writeFile } from 'node:fs/promises';
import type { PinnedFile, PinnedInput } from '../../functions/contract/pinned-input.ts';
import { pinInput } from '../../functions/io/pin-input.ts';
import { readFileHead } from '../../functions/io/read-head.ts';
import type { CsvCase } from './generate-csv.ts';

/** Writes the file of a case and pins it, as `sniffCsv` would with its dialect given and these types. */
export const pinCase = async (
  csv: CsvCase,
  path: string,
  typeOf: (column: number) => string,
): Promise<PinnedInput> => {
  await writeFile(path, csv.text);
  const [pinned] = await pinInput([{ path, hive: {} }]);
  if (pinned === undefined) throw new Error('one file was listed');
  const head = await readFileHead(pinned);
  const names = Array.from({ length: csv.columns }, (_, index) => `c${index}`);
  const file: PinnedFile = {
    ...pinned,
    ...(head.newline === undefined ? {} : { newline: head.newline }),
    ...(head.isBlank ? {} : { layout: 0 }),
  };
  return {
    format: 'csv',
    files: [file],
    columns: names.map((name, index) => ({ name, type: typeOf(index) })),
    hive: [],
    layouts: [names],
    csv: {
      delim: csv.dialect.delimiter,
      quote: csv.dialect.quote ?? '',
      escape: csv.dialect.escape ?? '',
      comment: '',
      header: csv.hasHeader,
      skip: 0,
      encoding: 'utf-8',
      strict_mode: true,
      null_padding: csv.nullPadding,
      max_line_size: csv.dialect.maxRowBytes,
    },
  };
};
