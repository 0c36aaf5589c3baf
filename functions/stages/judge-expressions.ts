import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Problem } from '../contract/errors.ts';
import type { JobSpec } from '../contract/spec.ts';
import { withDuckDB } from '../io/duckdb-session.ts';
import { checkExpressions } from './check-expressions.ts';

/** Parsing needs next to nothing. */
const PARSER_MEMORY_BYTES = 200e6;

/** All that {@link checkExpressions} finds, by an engine of its own that may open no file. */
export const judgeExpressions = async ({ steps }: JobSpec, now: Date): Promise<readonly Problem[]> => {
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-'));
  const session = { threads: 1, memoryBytes: PARSER_MEMORY_BYTES, scratchDir };
  try {
    return await withDuckDB({ ...session, readablePaths: [], writableDirs: [] }, (connection) =>
      checkExpressions(connection, { steps, submittedAt: now.toISOString() }),
    );
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};
