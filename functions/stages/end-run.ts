import { DaybreakError } from '../contract/errors.ts';
import type { Job } from '../contract/job.ts';
import { type Failure, failureOf, type Outcome } from '../contract/outcome.ts';
import type { Plan } from '../contract/plan.ts';
import type { Report } from '../contract/report.ts';
import { readCurrentRun } from '../io/open-run.ts';
import { putOutcome, readOutcome } from '../io/put-outcome.ts';
import { buildReport, putReport } from './build-report.ts';
import { openOutput } from './open-output.ts';
import type { StageContext } from './stage-context.ts';
import { writeTrace } from './write-trace.ts';

/** How often blocks may be gone before that is a store that loses them, and the job fails. */
export const MAX_REOPENINGS = 3;

type EndContext = Pick<StageContext, 'store' | 's3' | 'now'>;

export type FailedRun = {
  readonly job: Job;
  readonly plan: Plan;
  readonly error: unknown;
  /** Whether the next run may do again what is lost. */
  readonly mayReopen: boolean;
  /**
   * What becomes of a run that another try might save. `open`, the default: whoever looks on resumes it. `failed`:
   * nobody does, and what stands of it is adopted by the run that a resume opens.
   */
  readonly whenUnclear?: 'open' | 'failed';
};

/** What becomes of a run that something fails in. */
export type EndedRun =
  /** A store that does not answer, or a mistake of ours: a resume goes on with it. */
  | { readonly kind: 'open' }
  /** Another runner has published it meanwhile: its publish may have to be finished. */
  | { readonly kind: 'published' }
  /** Bytes are gone; the next run does again what is lost. */
  | { readonly kind: 'lost'; readonly outcome: Outcome }
  | { readonly kind: 'ended'; readonly outcome: Outcome };

/**
 * Records how a run ended that fails, and tells the outcome that stands: another runner may have put it first.
 * Where the job ends with it, the output is given back, and trace and report are put. Repeatable.
 */
export const endRun = async (context: EndContext, failed: FailedRun): Promise<EndedRun> => {
  const { job, plan, error } = failed;
  const { store, now } = context;
  const kind = outcomeOf(failed);
  if (kind === undefined || !(error instanceof DaybreakError)) {
    return isPublished(await readOutcome(store, plan)) ? { kind: 'published' } : { kind: 'open' };
  }
  const own = failureOf(error);
  const at = now().toISOString();
  const { chosen } = await putOutcome(store, { job: plan.job, run: plan.run, kind, at, failure: own });
  if (isPublished(chosen)) return { kind: 'published' };
  if (isLoss(chosen) && failed.mayReopen) return { kind: 'lost', outcome: chosen };
  const end = endOf(chosen, { kind, failure: own });
  // Somebody may have resumed the job meanwhile: then the output is that run's.
  if ((await readCurrentRun(store, job.job))?.plan.run === plan.run) {
    await (await openOutput(context, job, plan.run)).release();
    await writeTrace(store, job);
    await putEndReport(
      context,
      await buildReport(context, { job, plan, outcome: end.kind, failure: end.failure }),
    );
  }
  return { kind: 'ended', outcome: end };
};

/** What a job is told to have ended with: a superseded run left the way on open, so what has closed it has the say. */
const endOf = (
  chosen: Outcome,
  { kind, failure }: { readonly kind: Outcome['kind']; readonly failure: Failure },
): Outcome & { readonly failure: Failure } =>
  chosen.kind === 'superseded'
    ? { ...chosen, kind: kind === 'superseded' ? 'failed' : kind, failure }
    : { ...chosen, failure: chosen.failure ?? failure };

/**
 * Before a run is open there is no outcome to put: the report alone says that the job was refused, or what kept it
 * from beginning.
 */
export const refuseJob = async (
  context: EndContext,
  job: Job,
  { error, as = 'refused' }: { readonly error: DaybreakError; readonly as?: 'refused' | 'failed' },
): Promise<void> => {
  const failure = failureOf(error);
  const report = await buildReport(context, { job, outcome: as, failure });
  if ((await readCurrentRun(context.store, job.job)) === undefined) await putReport(context.store, report);
};

/** Of what publishes nothing: a later run has the say, and a published job keeps its report. */
export const putEndReport = async ({ store }: Pick<EndContext, 'store'>, report: Report): Promise<void> => {
  const current = await readCurrentRun(store, report.job);
  if (current?.plan.run === report.run && !isPublished(current.outcome)) await putReport(store, report);
};

export const isPublished = (outcome: Pick<Outcome, 'kind'> | undefined): boolean =>
  outcome?.kind === 'published' || outcome?.kind === 'partial';

/** A run that another plan superseded has none, and is that plan's: two versions must not end each other's runs. */
const isLoss = (outcome: Outcome): boolean => outcome.kind === 'superseded' && outcome.failure !== undefined;

/** Bytes that a commit names and that are not there: all else of the run is good. By name, for it may come from a worker. */
const LOST_BYTES: ReadonlySet<string> = new Set(['BlockMissingError', 'BlockCorruptError']);

/** What a failure means for the run; a mistake of ours, or a store that does not answer, leaves it open to resume. */
const outcomeOf = ({
  error,
  mayReopen,
  whenUnclear,
}: FailedRun): 'cancelled' | 'failed' | 'superseded' | undefined => {
  if (error instanceof DaybreakError && error.name === 'JobCancelledError') return 'cancelled';
  if (!(error instanceof DaybreakError)) return undefined;
  if (LOST_BYTES.has(error.name)) return mayReopen ? 'superseded' : 'failed';
  return error.row.retry === 'again' && whenUnclear !== 'failed' ? undefined : 'failed';
};
