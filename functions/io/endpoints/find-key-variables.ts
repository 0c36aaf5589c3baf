import { readFile } from 'node:fs/promises';
import { ENDPOINT_LIMITS } from '../../contract/endpoint-settings.ts';
import { EndpointSettingsError } from '../../contract/errors-infer.ts';
import { collectKeyVariables } from './collect-key-variables.ts';
import { type EndpointPlace, findEndpointsFile, loadEndpoints } from './load-endpoints.ts';
import { readEndpointVariables } from './read-variables.ts';

/** Of a file that is no valid one: too much is better than a key in a process that needs none. */
const NAMED = /key_env["']?\s*:\s*["']?\s*([A-Za-z_][A-Za-z0-9_]*)/g;

/**
 * The variables that `key_env` of any endpoint names. What is wrong with the settings is said to whoever asks an
 * endpoint: here each name counts that stands where one is looked for.
 */
export const findKeyVariables = async (place: EndpointPlace): Promise<readonly string[]> => {
  try {
    return (await loadEndpoints(place)).keyVariables;
  } catch (error) {
    if (!(error instanceof EndpointSettingsError)) throw error;
    const ofEnvironment = collectKeyVariables(
      readEndpointVariables(place.environment).endpoints.values(),
      {},
    );
    return [...new Set([...ofEnvironment, ...(await scanFile(place))])].sort();
  }
};

const scanFile = async (place: EndpointPlace): Promise<readonly string[]> => {
  try {
    const file = await findEndpointsFile(place);
    const text = file === undefined ? '' : await readFile(file, 'utf8');
    return [...text.slice(0, ENDPOINT_LIMITS.fileBytes).matchAll(NAMED)].flatMap(([, name]) => name ?? []);
  } catch (error) {
    // A file that is not to be read, or cannot be, names no key to anybody: whoever asks an endpoint is told so.
    if (error instanceof EndpointSettingsError || (error as NodeJS.ErrnoException).code !== undefined)
      return [];
    throw error;
  }
};
