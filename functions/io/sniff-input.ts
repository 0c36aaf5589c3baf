import type { DuckDBConnection } from '@duckdb/node-api';
import type { Column } from '../contract/columns.ts';
import { InputFormatError, InputSchemaError, LimitError } from '../contract/errors-input.ts';
import type { InputFormat, InputSpec } from '../contract/input.ts';
import { INPUT_LIMITS, type PinnedFile, type PinnedInput } from '../contract/pinned-input.ts';
import { foldColumnName } from '../contract/spec-values.ts';
import { inferHiveType } from '../core/hive-folders.ts';
import { type InputLook, LOOK_IN_PLACE } from './input-look.ts';
import { mapBounded } from './map-bounded.ts';
import { HEADS_AT_ONCE, readFileHead } from './read-head.ts';
import { sniffArrow } from './sniff-arrow.ts';
import { sniffCsv } from './sniff-csv.ts';
import { sniffJsonl } from './sniff-jsonl.ts';
import { sniffParquet } from './sniff-parquet.ts';

export type SniffRequest = {
  readonly input: Pick<InputSpec, 'csv' | 'jsonl' | 'text' | 'schema' | 'hive' | 'filename'>;
  readonly format: InputFormat;
  /** As {@link pinInput} gave them. */
  readonly files: readonly PinnedFile[];
  /** Default: where the files lie. */
  readonly look?: InputLook;
};

type Extra = { readonly hive: readonly Column[]; readonly filename: string | undefined };

/** Keys that all files have, in the order of the first; with `hive: true` files without them are refused. */
const hiveColumns = ({ input, files }: SniffRequest): readonly Column[] => {
  if (input.hive === false) return [];
  const keys = Object.keys(files[0]?.hive ?? {});
  const odd = files.find(
    ({ hive = {} }) => Object.keys(hive).length !== keys.length || keys.some((key) => !(key in hive)),
  );
  if (odd !== undefined && input.hive === true)
    throw new InputSchemaError({
      path: odd.path,
      reason: `lies in other key=value folders than ${JSON.stringify(files[0]?.path)}`,
      columns: Object.keys(odd.hive ?? {}),
    });
  if (odd !== undefined) return [];
  return keys.map((name) => ({ name, type: inferHiveType(files.map(({ hive }) => hive?.[name] ?? null)) }));
};

const filenameColumn = (filename: InputSpec['filename']): string | undefined =>
  filename === true ? 'filename' : filename === false ? undefined : filename;

const refuseCollisions = (path: string, own: readonly Column[], extra: Extra): void => {
  const names = new Map(own.map(({ name }) => [foldColumnName(name), name]));
  for (const { name } of extra.hive) {
    if (names.has(foldColumnName(name)))
      throw new InputSchemaError({
        path,
        reason:
          'has a column that its key=value folders name too; set input.hive: false to read the column of the file',
        columns: [name],
      });
    names.set(foldColumnName(name), name);
  }
  if (extra.filename !== undefined && names.has(foldColumnName(extra.filename)))
    throw new InputSchemaError({
      path,
      reason: 'has a column of the name that input.filename wants; give another name there',
      columns: [extra.filename],
    });
  if ((extra.hive.length > 0 || extra.filename !== undefined) && names.has('file_index'))
    throw new InputSchemaError({
      path,
      reason: 'has a column file_index, which DuckDB needs for input.hive and input.filename; rename it',
      columns: ['file_index'],
    });
};

const pinText = async ({ input, files, look = LOOK_IN_PLACE }: SniffRequest) => {
  const rows = input.text?.rows ?? 'line';
  for (const file of files) if (rows === 'file') refuseAsRow(file);
  const pinned = await mapBounded(files, HEADS_AT_ONCE, async (file): Promise<PinnedFile> => {
    const { isUtf16, newline } = await readFileHead(file, look.readHead);
    if (isUtf16)
      throw new InputFormatError({ path: file.path, reason: 'looks like UTF-16; convert it to UTF-8' });
    return newline === undefined ? file : { ...file, newline };
  });
  return {
    files: pinned,
    columns: [{ name: 'text', type: 'VARCHAR' }],
    text: { rows, max_line_size: INPUT_LIMITS.lineBytes },
  };
};

const refuseAsRow = ({ path, compression, sizeBytes }: PinnedFile): void => {
  if (compression !== 'none')
    throw new InputFormatError({
      path,
      reason: 'is compressed, which `text.rows: file` does not read; unpack it',
    });
  if (sizeBytes > INPUT_LIMITS.wholeFileBytes)
    throw new LimitError({
      what: `bytes of the text file ${JSON.stringify(path)}, which is one row`,
      found: String(sizeBytes),
      limit: String(INPUT_LIMITS.wholeFileBytes),
      advice: 'read it by `text.rows: line`',
    });
};

/**
 * Decides what the input is: columns, types, dialect. Reads heads, samples and footers only. The same files and options give the same answer.
 *
 * Of an input in S3 `local` of Parquet and Arrow files is where their footers or headers are.
 *
 * Throws InputFormatError, InputSchemaError, LimitError, NotYetError.
 */
export const sniffInput = async (
  connection: DuckDBConnection,
  request: SniffRequest,
): Promise<PinnedInput> => {
  const { input, format, files, look = LOOK_IN_PLACE } = request;
  const extra: Extra = { hive: hiveColumns(request), filename: filenameColumn(input.filename) };
  const finish = <
    Sniffed extends { readonly columns: readonly Column[]; readonly files: readonly PinnedFile[] },
  >(
    sniffed: Sniffed,
  ) => {
    refuseCollisions(files[0]?.path ?? '', sniffed.columns, extra);
    const named = extra.filename === undefined ? [] : [{ name: extra.filename, type: 'VARCHAR' }];
    return {
      ...sniffed,
      files: [...sniffed.files],
      columns: [...sniffed.columns, ...extra.hive, ...named],
      hive: extra.hive.map(({ name }) => name),
      ...(extra.filename === undefined ? {} : { filename: extra.filename }),
    };
  };
  switch (format) {
    case 'csv':
    case 'tsv': {
      const sniffed = await sniffCsv(connection, {
        files,
        look,
        options: input.csv ?? {},
        schema: input.schema,
        ...(format === 'tsv' ? { delim: '\t' } : {}),
      });
      return { ...finish(sniffed), format, layouts: sniffed.layouts.map((names) => [...names]) };
    }
    case 'jsonl':
      return { ...finish(await sniffJsonl(connection, { files, look, options: input.jsonl ?? {} })), format };
    case 'parquet':
      return { ...finish(await sniffParquet(connection, { files, look, schema: input.schema })), format };
    case 'text':
      return { ...finish(await pinText(request)), format };
    case 'arrow':
      return { ...finish(await sniffArrow(connection, { files, look, schema: input.schema })), format };
  }
};
