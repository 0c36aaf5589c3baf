import { ENDPOINT_VARIABLES } from '../../contract/endpoint-settings.ts';

/** The environment of a process that asks no endpoint: without what is said of them here, their keys among it. */
export const withoutEndpointVariables = (environment: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith(ENDPOINT_VARIABLES) ? [] : [[name, value] as const],
    ),
  );
