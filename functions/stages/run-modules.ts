import type { DuckDBConnection } from '@duckdb/node-api';
import type { StepCounts } from '../contract/commit.ts';
import { TooManyRejectsError } from '../contract/errors-input.ts';
import { ModuleError } from '../contract/errors-module.ts';
import { MODULE_STEP_KINDS, type ModuleReject, type ModuleStep } from '../contract/module-step.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
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
import {
  type CompiledSteps,
  compileStage,
  type StageProgram,
  type StepSource,
} from '../sql/compile-steps.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import type { StageContext } from './stage-context.ts';

/** Where module steps put the rows that they reject, with the columns of MODULE_REJECT_COLUMNS. */
export const MODULE_REJECTS = 'daybreak_module_rejects';

const SOURCE_COPY = 'daybreak_module_source';

const KINDS: ReadonlySet<string> = new Set(MODULE_STEP_KINDS);
export const isModuleStep = (step: PlannedStep): step is ModuleStep => KINDS.has(step.kind);

/** Whether a stage calls functions of users: it runs in worker processes then. */
export const hasModules = ({ opening, steps }: Pick<PlannedStage, 'opening' | 'steps'>): boolean =>
  (opening !== undefined && isModuleStep(opening)) || steps.some(isModuleStep);

/** A stage as a chain: SQL, a module, SQL, a module, ... SQL. */
type Chain = {
  readonly before: readonly { readonly sql: StageProgram; readonly module: ModuleStep }[];
  readonly last: StageProgram;
};

const chainOf = ({ opening, steps, shuffle }: StageProgram): Chain => {
  const before: { sql: StageProgram; module: ModuleStep }[] = [];
  let sql: { opening?: PlannedStep | undefined; steps: PlannedStep[] } = { steps: [] };
  if (opening !== undefined && isModuleStep(opening)) {
    before.push({ sql, module: opening });
    sql = { steps: [] };
  } else sql = { opening, steps: [] };
  for (const step of steps) {
    if (!isModuleStep(step)) {
      sql.steps.push(step);
      continue;
    }
    before.push({ sql, module: step });
    sql = { steps: [] };
  }
  return { before, last: { ...sql, shuffle } };
};

export type ModuleWork = {
  readonly connection: DuckDBConnection;
  readonly connect: () => Promise<DuckDBConnection>;
  readonly plan: Plan;
  readonly stage: PlannedStage;
  readonly source: StepSource;
  /**
   * Whether the reader keeps rejects. It keeps them for the connection that reads, so the rows are brought into a
   * table by that one before a module, which has connections of its own, gets them.
   */
  readonly keepsRejects: boolean;
  /** Runs SQL of the chain: registers its witnesses, then calls `run`, then takes its probes. */
  readonly runSql: <Result>(compiled: CompiledSteps, run: () => Promise<Result>) => Promise<Result>;
};

export type ModuleTotals = {
  rejected: number;
  readonly rejects: RejectTally;
  readonly steps: StepCounts[];
};

/**
 * Runs a stage up to its last module step, each into a table of the task's own database, and returns what is left
 * to do in SQL. A stage without modules is left as it is. The module steps' counts are their own.
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
  for (const [segment, { sql, module: step }] of before.entries()) {
    const target = `daybreak_module_${segment}`;
    await work.connection.run(`DROP TABLE IF EXISTS ${quoteIdentifier(target)}`);
    const compiled = compileStage(source, sql, segment);
    const { store, scratchDir, signal } = context;
    const module = await loadModule({ store, job: work.plan.job, scratchDir, module: step.module });
    const isCopied = work.keepsRejects && segment === 0;
    const counts = await work.runSql(compiled, async () => {
      if (isCopied) {
        await work.connection.run(`CREATE OR REPLACE TABLE ${SOURCE_COPY} AS ${compiled.sql}`);
      }
      return runModuleStep({
        connect: work.connect,
        step,
        module,
        source: isCopied ? SOURCE_COPY : `(${compiled.sql})`,
        target,
        rejects: MODULE_REJECTS,
        onReject: (reject, rejected) => {
          tallyRejects(totals.rejects, placeOf(step, reject));
          requireWithin(work.plan, totals.rejects, totals.rejected + rejected);
        },
        signal,
      });
    });
    requireUndamaged(step);
    if (isCopied) await work.connection.run(`DROP TABLE ${SOURCE_COPY}`);
    totals.rejected += counts.rejected;
    const { grown, dropped, folded, rejected } = counts;
    totals.steps.push({ step: step.step, grown, dropped, folded, cut: 0, rejected });
    source = { sql: quoteIdentifier(target), isCounted: true, prunes: false, columns: step.columns };
  }
  return { last: compileStage(source, last, before.length), totals };
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
  step: ModuleStep,
  { cause, column, error, detail, place, row }: ModuleReject,
): RejectPlace => ({
  file: `steps[${step.step}] ${step.kind}, row ${row} of its task, ${place ?? step.module.path}`,
  cause,
  ...(column === undefined ? {} : { column }),
  ...((detail ?? error) === undefined ? {} : { detail: detail ?? error }),
});
