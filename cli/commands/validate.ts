import { ExpressionError, renderProblem, SpecError } from '../../functions/contract/errors.ts';
import { findMissingFeatures } from '../../functions/contract/spec-features.ts';
import { judgeInferSteps, noteInferSteps } from '../../functions/stages/infer/judge-infer-steps.ts';
import { judgeExpressions } from '../../functions/stages/judge-expressions.ts';
import { loadSpec, type SpecOptions } from './prepare-job.ts';

/**
 * `daybreak validate`: all problems of the schema, then all of the expressions that need no input to be seen. No
 * file but the spec is opened.
 */
export const validate = async (file: string, options: SpecOptions): Promise<void> => {
  const { spec, locate } = await loadSpec(file, options);
  const ofModels = judgeInferSteps(spec.steps);
  const problems = await judgeExpressions(spec, new Date());
  if (ofModels.length > 0) throw new SpecError([...ofModels, ...problems].map(locate), { file });
  if (problems.length > 0) throw new ExpressionError(problems.map(locate), { file });
  const notes = [...findMissingFeatures(spec), ...noteInferSteps(spec.steps)];
  for (const line of notes.map((problem) => renderProblem(locate(problem), file)))
    process.stdout.write(`note: ${line}\n`);
  process.stdout.write(
    `${file}: valid; ${spec.steps.length} ${spec.steps.length === 1 ? 'step' : 'steps'}\n`,
  );
};
