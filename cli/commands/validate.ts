import { renderProblem } from '../../functions/contract/errors.ts';
import { findMissingFeatures } from '../../functions/contract/spec-features.ts';
import { loadSpec, type SpecOptions } from './prepare-job.ts';

/** `daybreak validate`: the schema's problems, all at once; no file but the spec is opened. */
export const validate = async (file: string, options: SpecOptions): Promise<void> => {
  const { spec, locate } = await loadSpec(file, options);
  const missing = findMissingFeatures(spec).map((problem) => renderProblem(locate(problem), file));
  for (const line of missing) process.stdout.write(`note: ${line}\n`);
  process.stdout.write(
    `${file}: valid; ${spec.steps.length} ${spec.steps.length === 1 ? 'step' : 'steps'}\n`,
  );
};
