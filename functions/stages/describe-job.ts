import { JobNotFoundError, StateError } from '../contract/errors-store.ts';
import { mapBounded } from '../io/map-bounded.ts';
import { type JobFacts, type JobState, type JobWorld, readJobFacts } from './read-job-state.ts';

/** A job in a list: what `daybreak jobs --json` and `GET /jobs` say of each. */
export type JobSummary = {
  readonly job: string;
  readonly state: JobFacts['word'];
  readonly name: string;
  readonly run: string | undefined;
  readonly submittedAt: string;
  readonly deadlineAt: string | undefined;
  readonly rows: { readonly read: number; readonly written: number; readonly rejected: number } | undefined;
  readonly output: string;
};

export const summaryOf = ({ job, plan, report, word }: JobFacts): JobSummary => ({
  job: job.job,
  name: job.spec.name,
  state: word,
  run: plan?.run,
  submittedAt: job.submittedAt,
  deadlineAt: job.deadlineAt,
  rows: report?.rows,
  output: job.spec.output.uri,
});

/** Where a job is: what `daybreak status --json` and `GET /jobs/{job}` say. */
export const statusOf = (state: JobState) => ({
  ...summaryOf(state),
  stages: state.stages,
  outcome: state.outcome,
});

/**
 * Why a job ended as it did, or could not go on. The report of the newest run comes last, so it has the say; that of
 * an earlier one tells of what is over.
 */
export const failureOf = ({
  plan,
  outcome,
  report,
}: JobFacts): NonNullable<JobFacts['report']>['failure'] => {
  const isNewest = plan === undefined || report?.run === plan.run;
  return (isNewest ? report?.failure : undefined) ?? outcome?.failure;
};

/** The word for a job whose state cannot be read; its status says why. */
export const UNREADABLE = 'unreadable';

/** A job is about six small requests, one after another; the client has room for these and more. */
const MAX_JOBS_AT_ONCE = 16;

type Listed = JobSummary | { readonly job: string; readonly state: typeof UNREADABLE };

/**
 * One job that is damaged, or of another version, hides no other. An id that is no job yet is left out: its modules
 * are stored before it.
 */
export const summarizeJobs = async (world: JobWorld, jobs: readonly string[]): Promise<readonly Listed[]> => {
  const listed = await mapBounded(jobs, MAX_JOBS_AT_ONCE, async (job): Promise<Listed | undefined> => {
    try {
      return summaryOf(await readJobFacts(world, job));
    } catch (error) {
      if (error instanceof JobNotFoundError) return undefined;
      if (!(error instanceof StateError)) throw error;
      return { job, state: UNREADABLE };
    }
  });
  return listed.filter((each) => each !== undefined);
};
