import { SFNClient } from '@aws-sdk/client-sfn';
import { clientConfigOf } from '../io/cloud/client-options.ts';
import { openExecutions } from '../io/cloud/executions.ts';
import type { DispatchContext } from '../stages/dispatch/dispatch-jobs.ts';
import { readEnvironment } from './environment.ts';
import { openStore } from './world.ts';

let client: SFNClient | undefined;

/** The queue and the slots of this deployment. */
export const openDispatch = (): DispatchContext => {
  const { stateMachineArn, mostJobs } = readEnvironment('stateMachineArn', 'mostJobs');
  client ??= new SFNClient(clientConfigOf());
  return {
    store: openStore(),
    executions: openExecutions(client, stateMachineArn),
    now: () => new Date(),
    mostJobs,
  };
};
