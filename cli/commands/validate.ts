import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExpressionError, renderProblem } from '../../functions/contract/errors.ts';
import type { JobSpec } from '../../functions/contract/spec.ts';
import { findMissingFeatures } from '../../functions/contract/spec-features.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { checkExpressions } from '../../functions/stages/check-expressions.ts';
import { loadSpec, type SpecOptions } from './prepare-job.ts';

/** Parsing needs next to nothing. */
const PARSER_MEMORY_BYTES = 200e6;

/**
 * `daybreak validate`: all problems of the schema, then all of the expressions that need no input to be seen. No
 * file but the spec is opened.
 */
export const validate = async (file: string, options: SpecOptions): Promise<void> => {
  const { spec, locate } = await loadSpec(file, options);
  const problems = await checkSpecExpressions(spec);
  if (problems.length > 0) throw new ExpressionError(problems.map(locate), { file });
  const missing = findMissingFeatures(spec).map((problem) => renderProblem(locate(problem), file));
  for (const line of missing) process.stdout.write(`note: ${line}\n`);
  process.stdout.write(
    `${file}: valid; ${spec.steps.length} ${spec.steps.length === 1 ? 'step' : 'steps'}\n`,
  );
};

const checkSpecExpressions = async ({ steps }: JobSpec) => {
  const scratchDir = await mkdtemp(path.join(tmpdir(), 'daybreak-'));
  const session = { threads: 1, memoryBytes: PARSER_MEMORY_BYTES, scratchDir };
  try {
    return await withDuckDB({ ...session, readablePaths: [], writableDirs: [] }, (connection) =>
      checkExpressions(connection, { steps, submittedAt: new Date().toISOString() }),
    );
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
};
