import { type Problem, SpecError } from '../contract/errors.ts';
import type { Job } from '../contract/job.ts';
import type { JobSpec } from '../contract/spec.ts';
import { parseDeadline } from '../core/parse-deadline.ts';
import { digestOf } from '../io/digest.ts';
import type { ParsedSpec } from '../io/spec/parse-spec.ts';

export type JobFacts = {
  /** A valid id; see core/job-id. */
  readonly id: string;
  readonly now: Date;
  readonly submittedBy: string;
  readonly tasks?: { readonly map?: number | undefined; readonly reduce?: number | undefined };
} & Pick<Job, 'modules' | 'baseDir'>;

const deadlineMsOf = ({ deadline }: JobSpec, now: Date): number | undefined =>
  deadline === undefined ? undefined : parseDeadline(deadline, now.getTime());

/** What is wrong with a deadline that no job can meet; undefined where there is none, or it is still to come. */
export const findPastDeadline = (spec: JobSpec, now: Date): Problem | undefined => {
  const deadlineMs = deadlineMsOf(spec, now);
  if (deadlineMs === undefined || deadlineMs > now.getTime()) return undefined;
  return { path: 'deadline', message: `the deadline ${spec.deadline} has passed already` };
};

/** Makes the job that a spec asks for, its deadline as an instant. Fails with SpecError where that has passed. */
export const makeJob = (
  { spec, locate }: { readonly spec: JobSpec; readonly locate: ParsedSpec['locate'] },
  facts: JobFacts,
): Job => {
  const { now, modules, baseDir } = facts;
  const past = findPastDeadline(spec, now);
  if (past !== undefined) throw new SpecError([locate(past)]);
  const deadlineMs = deadlineMsOf(spec, now);
  const { map, reduce } = facts.tasks ?? {};
  const tasks = {
    ...(map === undefined ? {} : { map }),
    ...(reduce === undefined ? {} : { reduce }),
  };
  return {
    job: facts.id,
    spec,
    specDigest: digestOf(spec),
    ...(baseDir === undefined ? {} : { baseDir }),
    ...(modules === undefined ? {} : { modules }),
    ...(Object.keys(tasks).length === 0 ? {} : { tasks }),
    submittedAt: now.toISOString(),
    submittedBy: facts.submittedBy,
    ...(deadlineMs === undefined ? {} : { deadlineAt: new Date(deadlineMs).toISOString() }),
  };
};
