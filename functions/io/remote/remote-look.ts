import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { InputLook } from '../input-look.ts';
import { copyArrowHeaders } from './copy-arrow.ts';
import { copyFooters, copyRowGroups } from './copy-row-groups.ts';
import { copySamples, readRemoteHead } from './copy-samples.ts';
import { firstFilesOf, firstRowsOf } from './first-rows.ts';
import { openRemoteBytes } from './remote-bytes.ts';
import type { RemoteFiles } from './remote-files.ts';

type Lend = <Result>(
  _: readonly string[],
  use: (connection: DuckDBConnection) => Promise<Result>,
) => Promise<Result>;

const lend =
  (connection: DuckDBConnection): Lend =>
  (_, use) =>
    use(connection);

/** A look at objects in S3: copies go to folders of their own in `folder`. */
export const openRemoteLook = (files: RemoteFiles, folder: string): InputLook => {
  const newFolder = (): Promise<string> => mkdtemp(path.join(folder, 'look-'));
  const withFolder = async <Result>(use: (own: string) => Promise<Result>): Promise<Result> => {
    const own = await newFolder();
    try {
      return await use(own);
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  };
  const withSample: InputLook['withSample'] = (pinned, sample, use) =>
    withFolder(async (own) => use(await copySamples(files, pinned, { sample, folder: own })));
  return {
    readHead: (file) => readRemoteHead(files, file),
    withSample,
    bringFooters: async (pinned) =>
      (await copyFooters(files, pinned, await newFolder())).map(({ file }) => file),
    bringHeaders: async (pinned) => copyArrowHeaders(files, pinned, await newFolder()),
    withFirstRows: (input, wanted, use) =>
      input.format === 'parquet'
        ? withFolder(async (own) => {
            const place = { folder: own, columns: wanted.columns, withSession: lend(wanted.connection) };
            return use(await copyRowGroups(files, firstRowsOf(input, wanted.rows), place));
          })
        : withSample(
            firstFilesOf(input.files, wanted.rows),
            { rows: wanted.rows, of: 'layouts' in input ? 'csv' : 'lines', isAskedFor: false },
            (sampled) => use({ ...input, files: [...sampled] }),
          ),
    openBytes: async (file, span) => openRemoteBytes(files, file, span),
  };
};
