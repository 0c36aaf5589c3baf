import { EndpointError } from '../../contract/errors-infer.ts';
import type { ServedModel } from './describe-models.ts';
import { listServed, look } from './open-endpoint.ts';
import { createClient } from './openai-client.ts';
import { readReply } from './read-reply.ts';
import type { EndpointSettings } from './settings.ts';
import { createTransport, type Transport } from './transport.ts';

/** The text of which an embedding is asked for its length. */
const PROBE = 'length';
const REPLY_BYTES = 4 * 2 ** 20;

/**
 * The models that an endpoint says it serves, by one request: for `daybreak plan`. Import this file lazily. Fails with
 * EndpointError, also where it does not list them.
 */
export const listEndpointModels = (
  settings: EndpointSettings,
  signal: AbortSignal,
): Promise<readonly ServedModel[]> =>
  withTransport(settings, (transport) => listServed({ settings, transport }, signal));

/** The length of a vector of a model, by one request, which is paid for. Fails with EndpointError. */
export const probeDimensions = (
  settings: EndpointSettings,
  model: string,
  signal: AbortSignal,
): Promise<number> =>
  withTransport(settings, async (transport) => {
    const client = createClient(settings, transport.fetchWithin(REPLY_BYTES));
    const route = 'embeddings';
    const body = { model, input: PROBE, encoding_format: 'float' };
    const reply = await look({ settings, client, signal }, async () =>
      readReply(route, await client.send({ route, body }, signal)),
    );
    if (reply.kind === 'vector') return reply.vector.length;
    throw new EndpointError({ endpoint: settings.name, problem: 'answers an embedding with something else' });
  });

const withTransport = async <Result>(
  settings: EndpointSettings,
  use: (transport: Transport) => Promise<Result>,
): Promise<Result> => {
  const transport = createTransport(settings);
  try {
    return await use(transport);
  } finally {
    transport.close();
  }
};
