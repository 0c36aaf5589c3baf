/**
 * A run is opened by putting its plan.json. What it adopts stands in that plan, so that whoever opens, continues
 * or resumes it at the same time adopts the same, any number of times.
 */
import { StateError, StoreError } from '../contract/errors-store.ts';
import { renderRunId } from '../contract/ids.ts';
import { KEYS } from '../contract/keys.ts';
import type { Outcome } from '../contract/outcome.ts';
import { type Adopted, PlanHeader, type RejectLimit } from '../contract/plan-header.ts';
import { decideAdoption, decideRun, type EarlierRun } from '../core/decide-run.ts';
import { adoptWork, inspectStages } from './adopt-work.ts';
import type { ObjectStore } from './object-store.ts';
import { putOnce, readState } from './put-once.ts';
import { putOutcome, readOutcome } from './put-outcome.ts';

/** Each turn follows a step by somebody: a run opened, ended or superseded. Two runners settle in three. */
const MAX_TURNS = 16;

/** A plan as the planner gives it: what it becomes in plan.json is added on opening. */
export type PlanToOpen = Omit<PlanHeader, 'run' | 'openedAt' | 'adopted'> & {
  // Omit on a type with an index signature keeps the signature alone, so the fields are named again.
  readonly job: string;
  readonly digest: string;
  readonly formats: PlanHeader['formats'];
  readonly stageIds: readonly string[];
  readonly rejectLimit?: RejectLimit;
};

export type OpenedRun =
  /** Work goes on in this run, by its own plan. */
  | { readonly kind: 'open'; readonly run: string; readonly plan: PlanHeader; readonly isNew: boolean }
  /** The run has its outcome; after `published` or `partial` its publish may have to be finished. */
  | { readonly kind: 'ended'; readonly run: string; readonly plan: PlanHeader; readonly outcome: Outcome };

export const readPlan = (store: ObjectStore, job: string, run: string): Promise<PlanHeader | undefined> =>
  readState(store, { key: KEYS.plan.render({ job, run }), schema: PlanHeader });

/** The newest run of a job, which is the one that counts; undefined before the first is opened. */
export const readCurrentRun = async (
  store: ObjectStore,
  job: string,
): Promise<{ readonly plan: PlanHeader; readonly outcome: Outcome | undefined } | undefined> => {
  let newest: PlanHeader | undefined;
  // Runs open one after another without a gap, and a job has few.
  for (let number = 1; ; number += 1) {
    const plan = await readPlan(store, job, renderRunId(number));
    if (plan === undefined) break;
    newest = plan;
  }
  if (newest === undefined) return undefined;
  return { plan: newest, outcome: await readOutcome(store, { job, run: newest.run }) };
};

export type Opening = {
  readonly openedAt: string;
  /** Asked for now; otherwise a next run has the limit of the one before it, the first that of its plan. */
  readonly askedLimit?: RejectLimit | undefined;
};

/**
 * Finds or opens the run in which the job goes on, adoption included. A run without an outcome whose plan, formats
 * or limit on rejects are not those that are wanted is superseded first. Any number of runners may do this at once.
 */
export const openRun = async (store: ObjectStore, plan: PlanToOpen, opening: Opening): Promise<OpenedRun> => {
  const { openedAt, askedLimit } = opening;
  for (let turn = 1; turn <= MAX_TURNS; turn += 1) {
    const current = await readCurrentRun(store, plan.job);
    const decision = decideRun(current, { ...plan, askedLimit });
    if (decision.kind === 'open') {
      const opened = await putPlan(store, plan, { ...opening, run: decision.run, from: current });
      // Another may have opened it with another plan: only the next turn can tell.
      if (!opened.isMine) continue;
      await adoptWork(store, opened.chosen);
      return { kind: 'open', run: decision.run, plan: opened.chosen, isNew: true };
    }
    if (current === undefined) throw new Error('a decision about a run that is not there');
    const { run } = decision;
    if (decision.kind === 'ended')
      return { kind: 'ended', run, plan: current.plan, outcome: decision.outcome };
    if (decision.kind === 'continue') {
      await adoptWork(store, current.plan);
      return { kind: 'open', run, plan: current.plan, isNew: false };
    }
    await putOutcome(store, { job: plan.job, run, kind: 'superseded', at: openedAt });
  }
  throw new StoreError({
    operation: 'open a run of',
    key: plan.job,
    reason: `other runners opened and ended runs ${MAX_TURNS} times meanwhile`,
  });
};

const putPlan = async (
  store: ObjectStore,
  plan: PlanToOpen,
  opening: Opening & { readonly run: string; readonly from: EarlierRun | undefined },
) => {
  const { run, openedAt, from, askedLimit } = opening;
  const rejectLimit = askedLimit ?? from?.plan.rejectLimit ?? plan.rejectLimit;
  const wanted = { ...plan, ...(rejectLimit === undefined ? {} : { rejectLimit }) };
  const adopted =
    from === undefined ? undefined : await chooseAdoption(store, from, { ...wanted, askedLimit });
  const header: PlanHeader = {
    ...wanted,
    stageIds: [...plan.stageIds],
    run,
    openedAt,
    ...(adopted === undefined ? {} : { adopted }),
  };
  const key = KEYS.plan.render({ job: plan.job, run });
  const result = await putOnce(store, { key, schema: PlanHeader }, header);
  if (result.chosen.job !== plan.job || result.chosen.run !== run) {
    throw new StateError({
      key,
      problem: `it is the plan of run ${result.chosen.run} of ${result.chosen.job}`,
    });
  }
  return result;
};

const chooseAdoption = async (
  store: ObjectStore,
  from: EarlierRun,
  wanted: PlanToOpen & { readonly askedLimit?: RejectLimit | undefined },
): Promise<Adopted | undefined> => {
  // The run may have ended before its own adoption was finished.
  await adoptWork(store, from.plan);
  return decideAdoption(from, await inspectStages(store, from.plan, wanted.rejectLimit), wanted);
};
