import type { Endpoint, Endpoints } from './endpoint.ts';
import { type EndpointPlace, type KnownEndpoints, loadEndpoints } from './load-endpoints.ts';

/**
 * The endpoints of a process. Settings are read when the first one is asked for, and each is opened once, with one
 * pace for all tasks; one that was lost is opened anew.
 */
export const openEndpoints = (place: EndpointPlace): Endpoints => {
  let known: Promise<KnownEndpoints> | undefined;
  const opened = new Map<string, Promise<Endpoint>>();
  const openAnew = async (name: string): Promise<Endpoint> => {
    known ??= loadEndpoints(place);
    const settings = await (await known).settingsOf(name);
    // Most jobs ask no endpoint: they are spared the client.
    const { openEndpoint } = await import('./open-endpoint.ts');
    return openEndpoint(settings);
  };
  return {
    open: async (name) => {
      const standing = opened.get(name);
      if (standing !== undefined) {
        const endpoint = await standing;
        if (!endpoint.isLost()) return endpoint;
        endpoint.close();
        opened.delete(name);
      }
      const opening = opened.get(name) ?? openAnew(name);
      opened.set(name, opening);
      return opening;
    },
    close: () => {
      // One that did not open has nothing to close.
      for (const opening of opened.values()) opening.then((endpoint) => endpoint.close()).catch(() => {});
      opened.clear();
    },
  };
};
