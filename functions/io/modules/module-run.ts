import type { DuckDBConnection } from '@duckdb/node-api';
import type { Counts } from '../../contract/counts.ts';
import type { ModuleReject, ModuleStep } from '../../contract/module-step.ts';
import type { RowAppender } from './append-rows.ts';
import type { LoadedModule } from './load-module.ts';

export type ModuleRun = {
  /** Opens a further connection to the task's database, in UTC; this run closes it. */
  readonly connect: () => Promise<DuckDBConnection>;
  readonly step: ModuleStep;
  readonly module: LoadedModule;
  /** A FROM item with the columns of `step.input` and `step.keys`. */
  readonly source: string;
  /** The table that gets the rows, made with `step.columns`. It is not there yet. */
  readonly target: string;
  /** The table that gets the rejects, made with the columns of `MODULE_REJECT_COLUMNS` unless it is there. */
  readonly rejects: string;
  /** Called at each reject, `rejected` counting those of this run; what it throws ends the run. */
  readonly onReject?: (reject: ModuleReject, rejected: number) => void;
  readonly signal: AbortSignal;
};

/** Rows of one module step: read + grown = written + rejected + dropped + folded. */
export type ModuleCounts = Pick<Counts, 'read' | 'grown' | 'written' | 'rejected' | 'dropped' | 'folded'>;

/** What the kinds of steps share: where rows and rejects go, and what is counted on the way. */
export type ModuleOutput = {
  readonly rows: RowAppender;
  readonly reject: (reject: Omit<ModuleReject, 'step'>) => void;
  readonly counts: { read: number; grown: number; dropped: number; folded: number };
};
