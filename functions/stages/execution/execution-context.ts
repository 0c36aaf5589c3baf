import type { RunContext } from '../begin-run.ts';

/** The world of an execution of the state machine, as its deployment sets it. */
export type ExecutionContext = RunContext & {
  /** Tasks that run at once. */
  readonly mostTasks: number;
  readonly keepBlocks: boolean;
  /** Whether there is time to begin something more, where a state can go on in another execution of its function. */
  readonly mayGoOn: () => boolean;
  /** Takes a line for the log. */
  readonly note: (line: string) => void;
};
