import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { EndpointError } from '../../contract/errors-infer.ts';
import type { EndpointCall } from '../../core/endpoints/render-call.ts';
import { jitteredDelayMs } from '../../core/endpoints/retry-delay.ts';
import { type AskFailure, describeFailure, type RowReject } from './ask-failure.ts';
import type { Gate, GateWorld, Permit } from './gate.ts';
import type { EndpointClient } from './openai-client.ts';
import { type Reply, readReply } from './read-reply.ts';
import type { EndpointSettings } from './settings.ts';

/** What the requests of an endpoint share. */
export type AskContext = {
  readonly settings: EndpointSettings;
  readonly gate: Gate;
  readonly client: EndpointClient;
  readonly world: GateWorld;
  /** Finds out more about why an endpoint refuses, without any of a row. */
  readonly explainRefusal: (problem: string) => Promise<string>;
};

export type RowCall = {
  readonly characters: number;
  readonly call: () => EndpointCall;
};

/** A row that takes all the time it has does so again; a second time is for bad luck. */
const MOST_TIMEOUTS = 2;
/** Too many requests is seldom a row's fault; one that is told so this often, while others are answered, is. */
const MOST_THROTTLES = 30;

/** Failures in all, and those that count: others were answered meanwhile. */
type Tally = { failures: number; counted: number; timeouts: number; throttles: number; answersSeen: number };

/**
 * Asks for one row until there is a reply, or it is clear that there will be none for it: tries count while others
 * are answered, so that an outage costs no row. Fails with EndpointError where nobody gets an answer: it closes the
 * gate. Fails with the reason of the signal.
 */
export const askForReply = (
  context: AskContext,
  row: RowCall,
  signal: AbortSignal,
): Promise<Reply | { readonly reject: RowReject }> =>
  context.gate.withRow(() => tryRow(context, row, signal));

const tryRow = async (
  context: AskContext,
  { characters, call }: RowCall,
  signal: AbortSignal,
): Promise<Reply | { readonly reject: RowReject }> => {
  const { gate, settings, world } = context;
  let tally: Tally | undefined;
  for (;;) {
    const permit = await gate.enter({ characters, signal });
    tally ??= { failures: 0, counted: 0, timeouts: 0, throttles: 0, answersSeen: permit.answers };
    const result = await send(context, { permit, call }, signal);
    if ('usage' in result) return result;
    if (result.kind === 'row') return { reject: result.reject };
    const { failure, verdict } = result;
    if (verdict.patience === 'lost') return lose(context, failure);
    if (verdict.patience === 'closing') return leaveWith(gate, signal);
    count(tally, failure, verdict.answers);
    if (verdict.patience === 'row' || isSpent(tally, settings)) return { reject: rejectOf(failure) };
    await pause(jitteredDelayMs(tally.failures, world.random(), world.delays), signal);
  }
};

type Failed = Exclude<AskFailure, { kind: 'row' }>;
type Sent =
  | Reply
  | Extract<AskFailure, { kind: 'row' }>
  | { readonly kind: 'failed'; readonly failure: Failed; readonly verdict: ReturnType<Permit['failed']> };

/** One request. The permit is given back however it ends. */
const send = async (
  { client, gate, settings }: AskContext,
  { permit, call }: { readonly permit: Permit; readonly call: () => EndpointCall },
  signal: AbortSignal,
): Promise<Sent> => {
  const { route, body } = callOrLeave(call, permit);
  // One for each request: the client never lets go of a signal that it was given.
  const aborted = new AbortController();
  const abort = (): void => aborted.abort();
  const signals = [signal, gate.closed];
  for (const each of signals) each.addEventListener('abort', abort, { once: true });
  try {
    if (signals.some((each) => each.aborted)) abort();
    const reply = readReply(route, await client.send({ route, body }, aborted.signal));
    permit.answered();
    return reply;
  } catch (error) {
    const gone = signals.find((each) => each.aborted);
    const failure =
      gone === undefined ? describeFailure(client.readError(error), settings, Date.now()) : undefined;
    if (failure?.kind === 'row') {
      permit.answered();
      return failure;
    }
    if (failure !== undefined) return { kind: 'failed', failure, verdict: permit.failed(failure) };
    permit.left();
    throw gone === undefined ? error : gone.reason;
  } finally {
    for (const each of signals) each.removeEventListener('abort', abort);
  }
};

/** What a row's own request cannot become is a mistake of ours, and no reply of the endpoint's. */
const callOrLeave = (call: () => EndpointCall, permit: Permit): EndpointCall => {
  try {
    return call();
  } catch (error) {
    permit.left();
    throw error;
  }
};

const count = (tally: Tally, { kind }: Failed, answers: number): void => {
  tally.failures += 1;
  const othersWereAnswered = answers > tally.answersSeen;
  tally.answersSeen = answers;
  if (!othersWereAnswered) return;
  if (kind === 'throttled') tally.throttles += 1;
  else tally.counted += 1;
  if (kind === 'timeout') tally.timeouts += 1;
};

const isSpent = ({ counted, timeouts, throttles }: Tally, { attempts }: EndpointSettings): boolean =>
  counted >= attempts || timeouts >= MOST_TIMEOUTS || throttles >= MOST_THROTTLES;

const rejectOf = ({ kind, error, message }: Failed): RowReject => ({
  cause: kind === 'timeout' ? 'row_timeout' : 'endpoint_error',
  error,
  message,
});

/** Ends the endpoint for all who use it. The failure keeps no cause: the client's errors hold headers and bodies. */
const lose = async (
  { gate, settings, explainRefusal }: AskContext,
  { kind, problem }: Failed,
): Promise<never> => {
  try {
    const told =
      kind === 'refused'
        ? await explainRefusal(problem)
        : `${problem}, and nothing else for ${settings.giveUpSeconds} seconds`;
    throw new EndpointError({ endpoint: settings.name, problem: told });
  } catch (error) {
    gate.close(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
};

/** Somebody else finds out why; that is bounded. */
const leaveWith = async ({ closed }: Gate, signal: AbortSignal): Promise<never> => {
  if (!closed.aborted) await once(closed, 'abort', { signal }).catch(() => signal.throwIfAborted());
  throw closed.reason;
};

const pause = async (delayMs: number, signal: AbortSignal): Promise<void> => {
  try {
    await wait(delayMs, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
};
