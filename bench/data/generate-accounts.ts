/**
 * A large CSV of which every tenth row begins a group: `account` VARCHAR, `n` BIGINT (0, 1, ... in order), `amount`
 * DECIMAL(9,2), `note` VARCHAR of 32 hexadecimal digits. The rows of an account lie far apart.
 */
import { join } from 'node:path';
import { DuckDBInstance, version } from '@duckdb/node-api';
import { cachedFolder } from './cached-folder.ts';

/** Change it with anything that changes the rows. */
const GENERATOR_VERSION = 1;
/** Measured: from 69 to 71 with the digits of `n`. */
const ROW_BYTES = 70;
const ROWS_PER_ACCOUNT = 10;

export type Accounts = { readonly csv: string; readonly rows: number; readonly accounts: number };

/** Generates the file, or finds it in the cache. */
export const generateAccounts = async (
  gigabytes: number,
): Promise<Accounts & { readonly folder: string }> => {
  const accounts = Math.round((gigabytes * 1e9) / ROW_BYTES / ROWS_PER_ACCOUNT);
  const rows = accounts * ROWS_PER_ACCOUNT;
  const name = `accounts-${gigabytes}GB`;
  const folder = await cachedFolder(
    name,
    { name, generator: GENERATOR_VERSION, engine: version() },
    async (own) => {
      process.stderr.write(`generating ${name}\n`);
      const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '1GB' });
      const connection = await instance.connect();
      try {
        // A prime that divides no number of accounts that one would ask for: each account is met once in a round.
        await connection.run(`
        COPY (SELECT format('account {:012d}', (n * 2147483647) % ${accounts}) AS account, n,
                     (n % 1000003 / 100)::DECIMAL(9,2) AS amount, md5(n::VARCHAR) AS note
              FROM range(${rows}) t(n))
        TO '${join(own, 'accounts.csv')}' (HEADER)`);
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
  );
  return { csv: join(folder, 'accounts.csv'), rows, accounts, folder };
};
