import { ENDPOINT_VARIABLES } from '../../contract/endpoint-settings.ts';

/**
 * The environment of a process that asks no endpoint: without what is said of them here, and without their keys.
 * `keyVariables`: those that `key_env` names, see find-key-variables.
 */
export const withoutEndpointVariables = (
  environment: Readonly<Record<string, string | undefined>>,
  keyVariables: readonly string[],
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || name.startsWith(ENDPOINT_VARIABLES) || keyVariables.includes(name)
        ? []
        : [[name, value] as const],
    ),
  );
