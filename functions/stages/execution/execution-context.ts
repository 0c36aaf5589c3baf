import type { RunContext } from '../begin-run.ts';

/** The world of an execution of the state machine, as its deployment sets it. */
export type ExecutionContext = RunContext & {
  /** Tasks that run at once. */
  readonly mostTasks: number;
  readonly keepBlocks: boolean;
  /** Takes a line for the log. */
  readonly note: (line: string) => void;
};
