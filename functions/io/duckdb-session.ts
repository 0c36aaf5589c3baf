import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { globOfPath, quoteText } from '../sql/quote.ts';

/**
 * What a DuckDB session may use. Paths are absolute and literal: `*`, `[` and quotes in them have no
 * meaning here; SQL that reads one names it with `quotePath`.
 * A file that COPY writes needs its folder in `writableDirs`: COPY puts a temporary file beside it.
 */
export type DuckDBOptions = {
  readonly threads: number;
  readonly memoryBytes: number;
  /** Where DuckDB spills; it exists, and no other session uses it at the same time. */
  readonly scratchDir: string;
  readonly readablePaths: readonly string[];
  readonly writableDirs: readonly string[];
};

/** A reader names a file by a pattern, so the pattern of each path must be allowed beside the path. */
const listOfPaths = (paths: readonly string[]): string =>
  `[${[...new Set(paths.flatMap((path) => [path, globOfPath(path)]))].map(quoteText).join(', ')}]::VARCHAR[]`;

/** The law of a session: UTC, nothing is downloaded, only the named paths open, and no setting changes after. */
const renderLockdown = (options: DuckDBOptions): string =>
  [
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL Calendar = 'gregorian'",
    'SET preserve_insertion_order = true',
    `SET allowed_paths = ${listOfPaths(options.readablePaths)}`,
    `SET allowed_directories = ${listOfPaths(options.writableDirs)}`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ].join(';\n');

/**
 * Opens a DuckDB in memory that reads and writes only what `options` names, lends its connection to
 * `use`, and frees both, whether `use` succeeds or throws. `connect` opens further ones to the same database, for
 * `use` to close.
 */
export const withDuckDB = async <T>(
  options: DuckDBOptions,
  use: (connection: DuckDBConnection, connect: () => Promise<DuckDBConnection>) => Promise<T>,
): Promise<T> => {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads),
    memory_limit: `${Math.floor(options.memoryBytes)}B`,
    temp_directory: options.scratchDir,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  try {
    const connection = await instance.connect();
    try {
      await connection.run(renderLockdown(options));
      return await use(connection, () => instance.connect());
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
};
