import { EndpointSettingsError } from '../../contract/errors-infer.ts';
import { collectKeyVariables } from './collect-key-variables.ts';
import { type EndpointPlace, loadEndpoints } from './load-endpoints.ts';
import { readEndpointVariables } from './read-variables.ts';

/**
 * The variables that `key_env` of any endpoint names. What is wrong with the settings is said to whoever asks an
 * endpoint: of a file that cannot be read nothing is known, and no key is found by it either.
 */
export const findKeyVariables = async (place: EndpointPlace): Promise<readonly string[]> => {
  try {
    return (await loadEndpoints(place)).keyVariables;
  } catch (error) {
    if (!(error instanceof EndpointSettingsError)) throw error;
    return collectKeyVariables(readEndpointVariables(place.environment).endpoints.values(), {});
  }
};
