import { ENVIRONMENT } from '../../functions/contract/environment.ts';

/** Nothing of this process's own environment, as in Lambda; a value that could be for each variable of the stack. */
export const FUNCTION_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? '',
  AWS_REGION: 'us-east-1',
  ...Object.fromEntries(Object.values(ENVIRONMENT).map((name) => [name, 'a-name'])),
  [ENVIRONMENT.mostJobs]: '4',
  [ENVIRONMENT.mostTasks]: '500',
  [ENVIRONMENT.sliceBytes]: '536870912',
  [ENVIRONMENT.keepBlocks]: 'false',
  [ENVIRONMENT.allowedUris]: JSON.stringify({ api: { inputs: [], outputs: [] }, inboxes: [] }),
};
