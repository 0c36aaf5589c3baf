import { isSameFormats } from '../contract/format-versions.ts';
import { FIRST_RUN, nextRunId } from '../contract/ids.ts';
import type { Outcome } from '../contract/outcome.ts';
import type { Adopted, PlanHeader, RejectLimit } from '../contract/plan-header.ts';

/** What a plan must have in common with another for the work of the one to count in the other. */
export type PlanIdentity = Pick<PlanHeader, 'digest' | 'formats'>;

/** A plan, and the limit on rejects that was asked for in place of the one that the run has. */
export type WantedPlan = PlanIdentity & { readonly askedLimit?: RejectLimit | undefined };

export type RunDecision =
  /** Go on with the run: it has no outcome. */
  | { readonly kind: 'continue'; readonly run: string }
  /** The run has ended for good; after `published` or `partial` only its publish may be finished. */
  | { readonly kind: 'ended'; readonly run: string; readonly outcome: Outcome }
  /** The run cannot go on with this plan: it gets the outcome `superseded`, then one decides again. */
  | { readonly kind: 'supersede'; readonly run: string }
  /** Open this run; `from` is the run that it may adopt from. */
  | { readonly kind: 'open'; readonly run: string; readonly from?: string };

export type EarlierRun = { readonly plan: PlanHeader; readonly outcome?: Outcome | undefined };

/** Decides what a start or a resume of a job does, from its newest run. */
export const decideRun = (newest: EarlierRun | undefined, wanted: WantedPlan): RunDecision => {
  if (newest === undefined) return { kind: 'open', run: FIRST_RUN };
  const { plan, outcome } = newest;
  const run = plan.run;
  switch (outcome?.kind) {
    case undefined:
      return isSamePlan(plan, wanted) && hasAskedLimit(plan, wanted)
        ? { kind: 'continue', run }
        : { kind: 'supersede', run };
    case 'published':
    case 'partial':
    case 'refused':
      return { kind: 'ended', run, outcome };
    case 'cancelled':
    case 'failed':
    case 'superseded':
      return { kind: 'open', run: nextRunId(run), from: run };
  }
};

/** The newest run of a job, as far as it says in which run the job goes on. */
export type StandingRun = {
  readonly plan: { readonly run: string };
  readonly outcome?: Pick<Outcome, 'kind'> | undefined;
};

/** The run in which a job goes on: the one that is open, or whose publish may have to be finished, or the next. */
export const comingRun = (newest: StandingRun | undefined): string => {
  if (newest === undefined) return FIRST_RUN;
  const { plan, outcome } = newest;
  const isOver = outcome !== undefined && outcome.kind !== 'published' && outcome.kind !== 'partial';
  return isOver ? nextRunId(plan.run) : plan.run;
};

const isSamePlan = (left: PlanIdentity, right: PlanIdentity): boolean =>
  left.digest === right.digest && isSameFormats(left.formats, right.formats);

const hasAskedLimit = ({ rejectLimit }: PlanHeader, { askedLimit }: WantedPlan): boolean =>
  askedLimit === undefined ||
  (rejectLimit?.unit === askedLimit.unit && rejectLimit.value === askedLimit.value);

/** What stands of a stage of the earlier run. */
export type StageStanding = {
  readonly stage: string;
  /** Sealed with no task missing. */
  readonly isSealed: boolean;
  /** Whether the block of every counted commit is there. False where nothing is sealed. */
  readonly isPresent: boolean;
  /** Whether a function of a user rejected rows in it. */
  readonly hasModuleRejects: boolean;
  readonly amendments: number;
};

/**
 * What the next run adopts: all seals up to the last one whose blocks are present, where the plans are of one
 * digest and one block format; and the commits of the stage after it, where all formats are equal. A seal with
 * missing tasks is not adopted: it was right for a partial result only.
 *
 * After too many rejects, and without a new limit for them, tasks in which functions of users rejected rows are not
 * adopted: they would end the next run as they ended this one, and a service may be there again. At first those of
 * the stage that was too much alone; where that has not helped, those of the sealed stages before it too.
 */
export const decideAdoption = (
  { plan: earlier, outcome }: EarlierRun,
  standings: readonly StageStanding[],
  wanted: WantedPlan,
): Adopted | undefined => {
  if (earlier.digest !== wanted.digest || earlier.formats.block !== wanted.formats.block) return undefined;
  const isRejected = outcome?.failure?.name === 'TooManyRejectsError' && hasAskedLimit(earlier, wanted);
  const isRejectedAgain = isRejected && earlier.adopted?.open?.withoutModuleRejects === true;
  const stands = ({ isSealed, hasModuleRejects }: StageStanding): boolean =>
    isSealed && !(isRejectedAgain && hasModuleRejects);
  const last = standings.findLastIndex(
    ({ isPresent }, index) => isPresent && standings.slice(0, index + 1).every(stands),
  );
  const open = standings[last + 1];
  const isOpenAdopted = open !== undefined && isSamePlan(earlier, wanted);
  if (last < 0 && !isOpenAdopted) return undefined;
  return {
    run: earlier.run,
    sealed: standings.slice(0, last + 1).map(({ stage }) => stage),
    ...(isOpenAdopted
      ? {
          open: {
            stage: open.stage,
            amendments: open.amendments,
            ...(isRejected ? { withoutModuleRejects: true as const } : {}),
          },
        }
      : {}),
  };
};
