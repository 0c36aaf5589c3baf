import type { StepCounts } from '../contract/commit.ts';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import { ModuleError } from '../contract/errors-module.ts';
import { MODULE_STEP_KINDS, type ModuleStep } from '../contract/module-step.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
import type { PlannedInferStep } from '../contract/planned-infer.ts';
import type { PlannedStep } from '../contract/planned-steps.ts';
import type { RejectPlace } from '../contract/reject-summary.ts';
import { isWithinTaskLimit, renderRejectLimit } from '../core/judge-rejects.ts';
import {
  newRejectTally,
  type RejectTally,
  summarizeRejects,
  tallyRejects,
} from '../core/summarize-rejects.ts';
import { findDamage } from '../io/modules/find-damage.ts';
import { loadModule } from '../io/modules/load-module.ts';
import { runModuleStep } from '../io/modules/run-module-step.ts';
import { type CompiledSteps, compileStage, type StageProgram } from '../sql/compile-steps.ts';
import { renderTypedAnswer } from '../sql/infer-halves.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import {
  type ActReject,
  type ActResult,
  type ActWork,
  MODULE_REJECTS,
  type ModuleWork,
} from './chain-act.ts';
import { renderRequestRows } from './infer/render-requests.ts';
import { typeAnswers } from './infer/type-answers.ts';
import type { StageContext } from './stage-context.ts';

const SOURCE_COPY = 'daybreak_module_source';

const KINDS: ReadonlySet<string> = new Set(MODULE_STEP_KINDS);
export const isModuleStep = (step: PlannedStep): step is ModuleStep => KINDS.has(step.kind);

/** Whether a stage calls functions of users: it runs in worker processes then. */
export const hasModules = ({ opening, steps }: Pick<PlannedStage, 'opening' | 'steps'>): boolean =>
  (opening !== undefined && isModuleStep(opening)) || steps.some(isModuleStep);

/** A part of a stage that is no SQL: a user's function, or what TypeScript does of a step `infer`. */
type Act =
  | { readonly kind: 'module'; readonly step: ModuleStep }
  | { readonly kind: 'requests'; readonly step: PlannedInferStep }
  | { readonly kind: 'answers'; readonly step: PlannedInferStep };

/** A stage as a chain: SQL, an act, SQL, an act, ... SQL. */
type Chain = {
  readonly before: readonly { readonly sql: StageProgram; readonly act: Act }[];
  readonly last: StageProgram;
};

const chainOf = ({ opening, steps, shuffle }: StageProgram): Chain => {
  const before: { sql: StageProgram; act: Act }[] = [];
  let sql: { opening?: PlannedStep | undefined; steps: PlannedStep[] } = { steps: [] };
  const end = (act: Act): void => {
    before.push({ sql, act });
    sql = { steps: [] };
  };
  const actOfOpening = opening === undefined ? undefined : openingAct(opening);
  if (actOfOpening === undefined) sql = { opening, steps: [] };
  else end(actOfOpening);
  for (const step of steps) {
    if (isModuleStep(step)) end({ kind: 'module', step });
    else sql.steps.push(step);
  }
  if (shuffle?.step.kind === 'infer') end({ kind: 'requests', step: shuffle.step });
  return { before, last: { ...sql, shuffle } };
};

/** Answers that SQL alone makes columns of need no act. */
const openingAct = (opening: PlannedStep): Act | undefined => {
  if (isModuleStep(opening)) return { kind: 'module', step: opening };
  return opening.kind === 'infer' && renderTypedAnswer(opening) !== undefined
    ? { kind: 'answers', step: opening }
    : undefined;
};

export type ModuleTotals = {
  rejected: number;
  readonly rejects: RejectTally;
  readonly steps: StepCounts[];
};

/**
 * Runs a stage up to its last step that is no SQL, each into a table of the task's own database, and returns what is
 * left to do in SQL. A stage of SQL alone is left as it is. The counts of the other steps are their own.
 *
 * Fails with TooManyRejectsError as soon as a limit in rows is passed, and as `loadModule` and `runModuleStep` do.
 */
export const runModules = async (
  context: StageContext,
  work: ModuleWork,
): Promise<{ readonly last: CompiledSteps; readonly totals: ModuleTotals }> => {
  const { before, last } = chainOf(work.stage);
  const totals: ModuleTotals = { rejected: 0, rejects: newRejectTally(), steps: [] };
  let { source } = work;
  await work.connection.run(`DROP TABLE IF EXISTS ${MODULE_REJECTS}`);
  for (const [segment, { sql, act }] of before.entries()) {
    const target = `daybreak_module_${segment}`;
    await work.connection.run(`DROP TABLE IF EXISTS ${quoteIdentifier(target)}`);
    const result = await runAct(context, act, {
      ...work,
      compiled: compileStage(source, sql, segment),
      target,
      isCopied: work.keepsRejects && segment === 0,
      onReject: (reject, rejected) => {
        tallyRejects(totals.rejects, placeOf(act, reject));
        requireWithin(work.plan, totals.rejects, totals.rejected + rejected);
      },
    });
    const { rejected, grown, dropped, folded } = result;
    totals.rejected += rejected;
    totals.steps.push({ step: act.step.step, grown, dropped, folded, cut: 0, rejected });
    ({ source } = result);
  }
  return { last: compileStage(source, last, before.length), totals };
};

const runAct = (context: StageContext, act: Act, work: ActWork): Promise<ActResult> => {
  if (act.kind === 'requests') return renderRequestRows(context, act.step, work);
  return act.kind === 'answers' ? typeAnswers(act.step, work) : callModule(context, act.step, work);
};

const callModule = async (context: StageContext, step: ModuleStep, work: ActWork): Promise<ActResult> => {
  const { compiled, target, isCopied, onReject } = work;
  const { store, scratchDir, signal } = context;
  const module = await loadModule({ store, job: work.plan.job, scratchDir, module: step.module });
  const counts = await work.runSql(compiled, async () => {
    if (isCopied) await work.connection.run(`CREATE OR REPLACE TABLE ${SOURCE_COPY} AS ${compiled.sql}`);
    return runModuleStep({
      connect: work.connect,
      step,
      module,
      source: isCopied ? SOURCE_COPY : `(${compiled.sql})`,
      target,
      rejects: MODULE_REJECTS,
      onReject,
      signal,
    });
  });
  requireUndamaged(step);
  if (isCopied) await work.connection.run(`DROP TABLE ${SOURCE_COPY}`);
  const source = { sql: quoteIdentifier(target), isCounted: true, prunes: false, columns: step.columns };
  return { ...counts, source };
};

/** What is written from here on passes through objects that the module could change. */
const requireUndamaged = ({ module: { path } }: ModuleStep): void => {
  const damage = findDamage();
  if (damage === undefined) return;
  const what = `has changed ${damage}, which everything else in its process uses`;
  throw new ModuleError({ module: path, what });
};

const requireWithin = ({ rejectLimit }: Plan, tally: RejectTally, rejects: number): void => {
  if (isWithinTaskLimit(rejectLimit, rejects)) return;
  throw new TooManyRejectsError({
    rejects,
    limit: renderRejectLimit(rejectLimit),
    ...summarizeRejects(tally),
  });
};

/** In the author's source, where that is known; never the message, which may hold values. */
const placeOf = (
  { kind, step }: Act,
  { cause, column, error, detail, place, row }: ActReject,
): RejectPlace => {
  const where = kind === 'module' ? `, ${place ?? step.module.path}` : '';
  return {
    file: `steps[${step.step}] ${step.kind}, row ${row} of its task${where}`,
    cause,
    ...(column === undefined ? {} : { column }),
    ...((detail ?? error) === undefined ? {} : { detail: detail ?? error }),
  };
};
