import type { SplitEvent } from '../../../functions/contract/execution.ts';
import type { Executions } from '../../../functions/io/cloud/executions.ts';

/** Executions as Step Functions keeps them: one for each name, for ever. */
export type FakeExecutions = Executions & {
  readonly started: string[];
  readonly running: Set<string>;
  /** What a name was started with. */
  readonly inputs: Map<string, SplitEvent>;
  /** The execution of a name ends. */
  readonly end: (name: string) => void;
};

export const fakeExecutions = (): FakeExecutions => {
  const running = new Set<string>();
  const known = new Set<string>();
  const started: string[] = [];
  const inputs = new Map<string, SplitEvent>();
  return {
    started,
    running,
    inputs,
    end: (name) => void running.delete(name),
    start: async (name, input) => {
      if (running.has(name)) return 'started';
      if (known.has(name)) return 'ended';
      known.add(name);
      running.add(name);
      started.push(name);
      inputs.set(name, input);
      return 'started';
    },
    status: async (name) => (running.has(name) ? 'running' : known.has(name) ? 'ended' : 'absent'),
    stop: async (name) => void running.delete(name),
  };
};
