import { mkdtemp, open } from 'node:fs/promises';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isRemote, type PinnedFile, type PinnedInput } from '../../contract/pinned-input.ts';
import { withDuckDB } from '../duckdb-session.ts';
import type { InputAccess } from '../input-access.ts';
import { mapBounded } from '../map-bounded.ts';
import { copyArrowBatches } from './copy-arrow.ts';
import { copyRowGroups } from './copy-row-groups.ts';
import { openRemoteBytes } from './remote-bytes.ts';
import type { RemoteFiles } from './remote-files.ts';

/** A file of fewer bytes is one read, and waits for the way to S3. */
const SMALL_BYTES = 2 ** 20;
const SMALL_AT_ONCE = 32;

export type RemotePlace = {
  /** Of this task alone: copies go to folders in it. */
  readonly folder: string;
  readonly threads: number;
  readonly memoryBytes: number;
};

/** The input of a task in S3: ranges of text are read ahead, everything else comes by copies. */
export const openRemoteAccess = (files: RemoteFiles, place: RemotePlace): InputAccess => ({
  openBytes: async (file, span) => openRemoteBytes(files, file, span),
  bring: (input, columns) => bring(files, place, { input, columns }),
});

type Wanted<Input> = { readonly input: Input; readonly columns: readonly string[] };

const bring = async <Input extends PinnedInput>(
  files: RemoteFiles,
  place: RemotePlace,
  { input, columns }: Wanted<Input>,
): Promise<Input> => {
  if (!input.files.some(isRemote)) return input;
  const folder = await mkdtemp(path.join(place.folder, 'input-'));
  if (input.format === 'arrow') {
    const { files: brought } = await copyArrowBatches(files, input, { folder, columns });
    return { ...input, files: brought };
  }
  if (input.format === 'parquet') {
    const withSession = <Result>(
      readablePaths: readonly string[],
      use: (connection: DuckDBConnection) => Promise<Result>,
    ): Promise<Result> => withDuckDB({ ...place, scratchDir: folder, readablePaths, writableDirs: [] }, use);
    const { files: brought } = await copyRowGroups(files, input, { folder, columns, withSession });
    return { ...input, files: brought };
  }
  return { ...input, files: await copyWhole(files, input.files, folder) };
};

/** Copies whole files as they are stored: small ones together, large ones one after another in parallel reads. */
const copyWhole = async (
  files: RemoteFiles,
  pinned: readonly PinnedFile[],
  folder: string,
): Promise<PinnedFile[]> => {
  const brought = pinned.map((file, index) => ({
    ...file,
    local: { path: path.join(folder, `whole-${index}`), compression: file.compression },
  }));
  const copy = async (file: (typeof brought)[number]): Promise<void> => {
    const { local, sizeBytes } = file;
    if (sizeBytes === 0) await (await open(local.path, 'wx')).close();
    else await files.copy(file, [{ offset: 0, lengthBytes: sizeBytes }], local.path);
  };
  const isSmall = ({ sizeBytes }: PinnedFile): boolean => sizeBytes < SMALL_BYTES;
  await mapBounded(brought.filter(isSmall), SMALL_AT_ONCE, copy);
  await mapBounded(
    brought.filter((file) => !isSmall(file)),
    1,
    copy,
  );
  return brought;
};
