import type { Job } from '../contract/job.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import { openRun } from '../io/open-run.ts';
import { openOutput } from './open-output.ts';
import { parsePlan } from './parse-plan.ts';
import { hasJobEnded, hasJobPublished, type JobWorld } from './read-job-state.ts';
import { putFirstTasks } from './read-tasks.ts';
import type { PlannedJob } from './split.ts';
import type { StageContext } from './stage-context.ts';

/** What runs jobs: the world of a stage, and who works on other jobs. */
export type RunContext = StageContext & JobWorld;

/** Claims the job's output. Repeatable. `run` is absent before one is open. */
export const claimOutput = async (context: RunContext, job: Job, run?: string): Promise<void> => {
  const output = await openOutput(context, job, run);
  await output.claim({
    mode: job.spec.output.mode,
    hasEnded: (claim) => hasJobEnded(context, claim),
    hasPublished: () => hasJobPublished(context.store, job.job),
  });
};

export type BegunRun =
  | { readonly kind: 'open'; readonly plan: Plan }
  /** `published` or `partial`: only its publish may have to be finished. Any other: the job has ended so. */
  | { readonly kind: 'ended'; readonly plan: Plan; readonly outcome: Outcome };

/**
 * Finds or opens the run in which a job goes on, by the plan that stands of it, claims the output for it and puts the
 * tasks of its first stage. Repeatable, by any number at once. Claim the output once before: until a run is open,
 * only a job that holds its output may plan to write it.
 */
export const beginRun = async (context: RunContext, wanted: PlannedJob): Promise<BegunRun> => {
  const { plan: planned, askedLimit } = wanted;
  const openedAt = context.now().toISOString();
  const opened = await openRun(context.store, planned, { openedAt, askedLimit });
  const plan = parsePlan(opened.plan);
  if (opened.kind === 'ended') return { kind: 'ended', plan, outcome: opened.outcome };
  return { kind: 'open', plan };
};

/** The rest of {@link beginRun} for a run that is open. */
export const prepareRun = async (
  context: RunContext,
  { job, plan, wanted }: { readonly job: Job; readonly plan: Plan; readonly wanted: PlannedJob },
): Promise<void> => {
  // Until the run was open, a runner of an earlier one could give back what the job claimed.
  await claimOutput(context, job, plan.run);
  await putFirstTasks(context.store, plan, wanted.tasks);
};
