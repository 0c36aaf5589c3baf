import type { LargeFunctionName, TaskFunctionName } from '../../functions/contract/environment.ts';

/** The functions that the state machine calls; of each, the version that was published with it. */
export const MACHINE_FUNCTIONS = ['split', 'seal', 'publish', 'end', 'dispatch'] as const;
export type MachineFunctionName = (typeof MACHINE_FUNCTIONS)[number] | TaskFunctionName | LargeFunctionName;

/** What the definition needs to know of the rest of the stack. */
export type MachineParts = {
  /** `aws`, but for China and GovCloud. */
  readonly partition: string;
  readonly blocksBucketName: string;
  readonly versionArns: Readonly<Record<MachineFunctionName, string>>;
  /** After which a function of a task or a stage is stopped; that of `dispatch` is shorter. */
  readonly functionTimeoutSeconds: number;
  readonly executionTimeoutSeconds: number;
};
