import { S3ServiceException } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { QueryError } from '../../functions/contract/errors-query.ts';
import { StoreError } from '../../functions/contract/errors-store.ts';
import { log, logAbout } from '../../functions/handlers/log.ts';
import { classifyDuckDBError } from '../../functions/io/classify-duckdb-error.ts';

const CELL = 'SECRET-CELL-VALUE';

/** What the engine says of a cell that is no number. */
const failQuery = async (): Promise<Error> => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    await connection.run(`SELECT CAST(x AS INTEGER) FROM (VALUES ('${CELL}')) t(x)`);
  } catch (error) {
    return error as Error;
  } finally {
    connection.closeSync();
  }
  throw new Error('the cell is a number');
};

/** The line of an error, as the function prints it. */
const lineOf = (error: Error, extra: object = error): string => {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  logAbout('map', { job: 'a', task: '000001' });
  log.error('task failed', extra as Error);
  vi.restoreAllMocks();
  return lines.join('');
};

afterEach(() => vi.restoreAllMocks());

describe('a line of the log', () => {
  it('holds no value of a cell, however deep the error that holds one', async () => {
    const engine = await failQuery();
    expect(engine.message).toContain(CELL);
    const { message } = classifyDuckDBError(engine.message);
    const found = new QueryError({ task: '00-map 000001', message }, { cause: engine });
    const outer = Object.assign(new Error('the task failed', { cause: found }), { rows: [CELL] });
    for (const line of [lineOf(found), lineOf(outer), lineOf(found, { error: outer })])
      expect(line).not.toContain(CELL);
    expect(JSON.parse(lineOf(found))).toMatchObject({
      level: 'ERROR',
      message: 'task failed',
      state: 'map',
      job: 'a',
      task: '000001',
      error: {
        name: 'QueryError',
        message: found.message,
        stack: expect.stringContaining('log-format.test.ts'),
        cause: { name: 'Error' },
      },
    });
  });

  it('tells of what AWS refused its name, its status and its request', () => {
    const cause = new S3ServiceException({
      name: 'AccessDenied',
      $fault: 'client',
      message: `no access to ${CELL}`,
      $metadata: { httpStatusCode: 403, requestId: 'A1B2' },
    });
    const error = new StoreError(
      { key: 'jobs/a/job.json', operation: 'read', reason: 'access is denied' },
      { cause },
    );
    expect(JSON.parse(lineOf(error))).toMatchObject({
      error: { cause: { name: 'AccessDenied', status: 403, requestId: 'A1B2' } },
    });
    expect(lineOf(error)).not.toContain(CELL);
  });
});
