import path from 'node:path';
import { ENDPOINTS_FILE, ENDPOINTS_FILE_VARIABLE } from '../../contract/endpoint-settings.ts';
import { EndpointSettingsError, EngineMissingError } from '../../contract/errors-infer.ts';
import { renderChoice } from '../../core/explain-issues.ts';
import { suggestName } from '../../core/suggest-name.ts';
import { collectKeyVariables } from './collect-key-variables.ts';
import { findSettingsFile } from './find-settings-file.ts';
import { readSettings } from './read-settings.ts';
import { readSettingsFile } from './read-settings-file.ts';
import { type Environment, readEndpointVariables, variableOf } from './read-variables.ts';
import type { EndpointSettings } from './settings.ts';

/** The endpoints that are set up here, by name. */
export type KnownEndpoints = {
  /** In alphabetical order. */
  readonly names: readonly string[];
  /** The file that was found, if any. */
  readonly file?: string;
  /** Variables that `key_env` of any of them names: keys are nobody else's. */
  readonly keyVariables: readonly string[];
  /**
   * Reads the settings of one. Fails with EngineMissingError where there is none of the name, and with
   * EndpointSettingsError, which has all that is wrong with it: those of others do not matter here.
   */
  readonly settingsOf: (name: string) => Promise<EndpointSettings>;
};

export type EndpointPlace = {
  readonly environment: Environment;
  /** The folder of the spec; absolute. */
  readonly folder: string;
};

/** The file that the environment names, or the nearest one; undefined where there is none. Fails with EndpointSettingsError. */
export const findEndpointsFile = async ({
  environment,
  folder,
}: EndpointPlace): Promise<string | undefined> => {
  const named = environment[ENDPOINTS_FILE_VARIABLE];
  return named === undefined || named === ''
    ? await findSettingsFile(folder, process.getuid?.())
    : path.resolve(folder, named);
};

/**
 * Finds the endpoints of the environment and of the file. Where both name one, each field of the environment stands
 * before that of the file. Fails with EndpointSettingsError.
 */
export const loadEndpoints = async ({ environment, folder }: EndpointPlace): Promise<KnownEndpoints> => {
  const { endpoints: variables, problems } = readEndpointVariables(environment);
  if (problems.length > 0) throw new EndpointSettingsError(problems);
  const found = await findEndpointsFile({ environment, folder });
  const file = found === undefined ? undefined : await readSettingsFile(found);
  const names = [...new Set([...variables.keys(), ...Object.keys(file?.endpoints ?? {})])].sort();
  return {
    names,
    ...(found === undefined ? {} : { file: found }),
    keyVariables: collectKeyVariables(variables.values(), file?.endpoints ?? {}),
    settingsOf: async (name) => {
      if (!names.includes(name)) throw missing(name, names);
      const own =
        file !== undefined && Object.hasOwn(file.endpoints, name) ? file.endpoints[name] : undefined;
      const variablesOfIt = variables.get(name) ?? { fields: {}, variables: {} };
      return readSettings({ name, own, file, folder, variables: variablesOfIt }, environment);
    },
  };
};

const missing = (name: string, names: readonly string[]): EngineMissingError => {
  const suggestion = suggestName(name, names);
  const known =
    names.length === 0
      ? `no endpoint is set up; ${variableOf(name, 'url')} or the file ${ENDPOINTS_FILE} sets one up`
      : `the endpoints that are set up are ${renderChoice(names, 'and')}`;
  return new EngineMissingError({
    wanted: name,
    problem: `${known}${suggestion === undefined ? '' : `. Did you mean "${suggestion}"?`}`,
  });
};
