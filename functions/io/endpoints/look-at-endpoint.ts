import { EndpointError } from '../../contract/errors-infer.ts';
import { renderModels } from './describe-models.ts';
import { listServed, look } from './open-endpoint.ts';
import { createClient } from './openai-client.ts';
import { readReply } from './read-reply.ts';
import type { EndpointSettings } from './settings.ts';
import { createTransport, type Transport } from './transport.ts';

/** The text of which an embedding is asked for its length. */
const PROBE = 'length';
const REPLY_BYTES = 4 * 2 ** 20;

/**
 * A sentence for `daybreak plan` of what an endpoint would be to a job: whether it serves the model, or what it does in
 * place of saying so. One request, without any row. Import this file lazily. Fails with the reason of the signal.
 */
export const describeServed = (
  settings: EndpointSettings,
  model: string,
  signal: AbortSignal,
): Promise<string> =>
  withTransport(settings, async (transport) => {
    try {
      const models = await listServed({ settings, transport }, signal);
      if (models.some(({ name }) => name === model)) return `the endpoint was asked: it serves ${model}`;
      const served = settings.key?.maskIn(renderModels(models)) ?? renderModels(models);
      return `the endpoint was asked: it lists no model ${model}; it serves ${served}`;
    } catch (error) {
      if (!(error instanceof EndpointError)) throw error;
      return `asked for its models, ${error.message}`;
    }
  });

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
