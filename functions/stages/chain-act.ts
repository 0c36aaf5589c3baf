/** The parts of a stage that are no SQL, as they stand between the SQL before and behind them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ModuleRejectCause, StepReject } from '../contract/module-step.ts';
import type { Plan, PlannedStage } from '../contract/plan.ts';
import type { InferRejectCause } from '../contract/planned-infer.ts';
import type { CompiledSteps, StepSource } from '../sql/compile-steps.ts';

/** Where steps put the rows that they reject outside of SQL, with the columns of MODULE_REJECT_COLUMNS. */
export const MODULE_REJECTS = 'daybreak_module_rejects';

/** A row that an act rejects. */
export type ActReject = StepReject<ModuleRejectCause | InferRejectCause>;

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

/** What an act has done: where its rows are now, and how many it did not pass on as they came. */
export type ActResult = {
  readonly source: StepSource;
  readonly rejected: number;
  readonly grown: number;
  readonly dropped: number;
  readonly folded: number;
};

/** What an act gets: the rows of the SQL before it, and where its own go. */
export type ActWork = ModuleWork & {
  readonly compiled: CompiledSteps;
  /** A table of the task's database that nobody else uses. */
  readonly target: string;
  /** Whether the reader keeps rejects for the connection that reads: then that one has to. */
  readonly isCopied: boolean;
  /** Fails with TooManyRejectsError as soon as a limit in rows is passed; `rejected` counts those of this act. */
  readonly onReject: (reject: ActReject, rejected: number) => void;
};
