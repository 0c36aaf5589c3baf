import { setMaxListeners } from 'node:events';
import { ENDPOINT_LIMITS } from '../../contract/endpoint-settings.ts';
import { EndpointError } from '../../contract/errors-infer.ts';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import { prepareCalls, wrapsChoice } from '../../core/endpoints/render-call.ts';
import { RETRY_DELAYS } from '../../core/endpoints/retry-delay.ts';
import { createAnswerReader } from './answer-reader.ts';
import { describeFailure } from './ask-failure.ts';
import { type AskContext, askForReply } from './ask-row.ts';
import { readModels, renderModels, type ServedModel } from './describe-models.ts';
import type { AskRow, Endpoint } from './endpoint.ts';
import { type Gate, type GateWorld, openGate } from './gate.ts';
import type { ResolveHost } from './judged-lookup.ts';
import { createClient, type EndpointClient } from './openai-client.ts';
import { answerOf } from './read-answer.ts';
import type { EndpointSettings } from './settings.ts';
import { createTransport, type Transport } from './transport.ts';

/** What an endpoint takes from outside; a test decides it. */
export type EndpointWorld = GateWorld & {
  readonly resolve?: ResolveHost;
  readonly lastRowsMs?: number;
};

export const endpointWorld: EndpointWorld = {
  nowMs: () => performance.now(),
  random: Math.random,
  delays: RETRY_DELAYS,
};

/** Replies are bounded by what was asked for: so many bytes of JSON a token, a number, and for what is around. */
const BYTES_OF_TOKEN = 256;
const BYTES_OF_NUMBER = 64;
const BYTES_AROUND = 2 ** 20;

/** A look at what is there, which nobody waits for long. */
const LOOK_SECONDS = 10;

/** Opens an endpoint; nothing is sent before the first row. Import this file lazily: it loads the official client. */
export const openEndpoint = (settings: EndpointSettings, world: EndpointWorld = endpointWorld): Endpoint => {
  const transport = createTransport(settings, world.resolve);
  const giveUpMs = settings.giveUpSeconds * 1_000;
  const lastRowsMs = Math.min(giveUpMs, world.lastRowsMs ?? ENDPOINT_LIMITS.lastRowsSeconds * 1_000);
  const gate = openGate({ most: settings.concurrency, giveUpMs, lastRowsMs }, world);
  // Each open request listens for the end, and there are as many as the settings allow.
  setMaxListeners(0, gate.closed);
  return {
    name: settings.name,
    concurrency: settings.concurrency,
    ...(settings.price === undefined ? {} : { price: settings.price }),
    prepare: async (step, signal) => {
      const planned = await completeStep({ settings, transport }, step, signal);
      return prepareRows({ settings, transport, gate, world }, planned);
    },
    figures: gate.figures,
    isLost: () => gate.closed.aborted,
    close: () => {
      gate.close(new Error(`the endpoint ${settings.name} was closed`));
      transport.close();
    },
  };
};

type Opened = {
  readonly settings: EndpointSettings;
  readonly transport: Transport;
  readonly gate: Gate;
  readonly world: EndpointWorld;
};

const prepareRows = async (
  { settings, transport, gate, world }: Opened,
  step: PlannedInferStep,
): Promise<AskRow> => {
  const calls = prepareCalls(step, settings);
  const isWrapped = wrapsChoice(step.answer, settings.kind);
  const readText = await createAnswerReader(step.answer, { isWrapped });
  const client = createClient(settings, transport.fetchWithin(replyBytesOf(step)));
  const explainRefusal = (problem: string) => explainByModels({ settings, transport }, { step, problem });
  const context: AskContext = { settings, gate, client, world, explainRefusal };
  const reading = { answer: step.answer, readText, key: settings.key };
  return async ({ request, characters, seed }, signal) => {
    const call = { characters, call: () => calls(request(), seed) };
    const reply = await askForReply(context, call, signal);
    return 'reject' in reply ? reply : answerOf(reply, reading);
  };
};

const replyBytesOf = ({ answer, sampling }: PlannedInferStep): number => {
  const ofAnswer =
    answer.kind === 'embedding'
      ? answer.dimensions * BYTES_OF_NUMBER
      : (sampling?.max_tokens ?? 0) * BYTES_OF_TOKEN;
  return Math.min(ENDPOINT_LIMITS.replyBytes, BYTES_AROUND + ofAnswer);
};

type Reached = Pick<Opened, 'settings' | 'transport'>;

/** Where prompts are to be cut, and nobody said how long they may be, the endpoint is asked. */
const completeStep = async (
  reached: Reached,
  step: PlannedInferStep,
  signal: AbortSignal,
): Promise<PlannedInferStep> => {
  const hasAnswer = step.sampling !== undefined;
  if (step.truncate === undefined || step.model.contextTokens !== undefined || !hasAnswer) return step;
  const models = await listServed(reached, signal);
  const contextTokens = models.find(({ name }) => name === step.model.name)?.contextTokens;
  if (contextTokens !== undefined) return { ...step, model: { ...step.model, contextTokens } };
  const problem = `does not say how long the context of ${step.model.name} is, by which \`truncate\` cuts`;
  throw new EndpointError({ endpoint: reached.settings.name, problem });
};

/**
 * The models that an endpoint serves: one request, without any row. Fails with EndpointError where there is no
 * answer, and with the reason of the signal.
 */
export const listServed = async (
  { settings, transport }: Reached,
  signal: AbortSignal,
): Promise<readonly ServedModel[]> => {
  const timeoutSeconds = Math.min(LOOK_SECONDS, settings.timeoutSeconds);
  const client = createClient(
    { ...settings, timeoutSeconds },
    transport.fetchWithin(ENDPOINT_LIMITS.replyBytes),
  );
  const models = readModels(await look({ settings, client, signal }, () => client.listModels(signal)));
  if (models !== undefined) return models;
  throw new EndpointError({ endpoint: settings.name, problem: 'lists its models in a way of its own' });
};

/** One request that is not tried again; its failure is the endpoint's. */
export const look = async <Result>(
  {
    settings,
    client,
    signal,
  }: { readonly settings: EndpointSettings; readonly client: EndpointClient; readonly signal: AbortSignal },
  ask: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    const failure = describeFailure(client.readError(error), settings, Date.now());
    if (failure === undefined) throw error;
    const problem = failure.kind === 'row' ? `answers ${failure.reject.error}` : failure.problem;
    throw new EndpointError({ endpoint: settings.name, problem });
  }
};

/** A refusal says little; the list of models, which is asked for without any row, says whether it is the model's. */
const explainByModels = async (
  reached: Reached,
  { step, problem }: { readonly step: PlannedInferStep; readonly problem: string },
): Promise<string> => {
  const model = step.adapter?.name ?? step.model.name;
  try {
    const models = await listServed(reached, AbortSignal.timeout(LOOK_SECONDS * 1_000));
    if (models.some(({ name }) => name === model)) return `${problem}, asked for its model ${model}`;
    const served = renderModels(models);
    const { key } = reached.settings;
    return `${problem}: it has no model ${model}; it serves ${key === undefined ? served : key.maskIn(served)}`;
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    const isRoute = problem.startsWith('answers 404') && error.message.includes('answers 404');
    return isRoute
      ? `${problem}: there is no API under its address; most servers have it under /v1`
      : problem;
  }
};
