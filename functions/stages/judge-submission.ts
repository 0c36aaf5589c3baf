import type { Problem } from '../contract/errors.ts';
import { SubmissionError } from '../contract/errors-cloud.ts';
import { findMissingFeatures } from '../contract/spec-features.ts';
import { findLocalUris } from '../core/find-local-uris.ts';
import { judgeAllowedUris, type UriRule } from '../core/judge-allowed-uris.ts';
import type { ParsedSpec } from '../io/spec/parse-spec.ts';
import { judgeExpressions } from './judge-expressions.ts';
import { findPastDeadline } from './make-job.ts';

export type SubmissionRules = {
  readonly now: Date;
  /** What the way in lets a spec name; absent where the caller's own permissions decide. */
  readonly uris?: UriRule;
  /** What only the way in can see: modules that are missing, for example. */
  readonly more?: readonly Problem[];
};

/**
 * All that can be told of a spec without its data, for a deployment: features that are missing, paths of one machine,
 * addresses that are not allowed, a deadline that has passed, expressions. Fails with SubmissionError.
 */
export const requireSubmittable = async (
  { spec, locate }: ParsedSpec,
  { now, uris, more = [] }: SubmissionRules,
): Promise<void> => {
  const local = findLocalUris(spec);
  const past = findPastDeadline(spec, now);
  const told = new Set(local.map(({ path }) => path));
  const problems = [
    ...findMissingFeatures(spec),
    ...local,
    // A local path is within no prefix either: once is enough.
    ...(uris === undefined ? [] : judgeAllowedUris(spec, uris)).filter(({ path }) => !told.has(path)),
    ...(past === undefined ? [] : [past]),
    ...more,
    ...(await judgeExpressions(spec, now)),
  ].map(locate);
  if (problems.length > 0) throw new SubmissionError(problems.sort(byPosition));
};

const byPosition = (left: Problem, right: Problem): number =>
  (left.line ?? 0) - (right.line ?? 0) || (left.column ?? 0) - (right.column ?? 0);
