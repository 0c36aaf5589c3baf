import { version } from '@duckdb/node-api';

/** The SQL engine as format versions name it, for example `duckdb-1.5.5`. */
export const engineVersion = (): string => `duckdb-${version().replace(/^v/, '')}`;
