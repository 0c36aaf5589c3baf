/** Plays the faults of the conformance suite on HTTP, between the SDK with its own retries and a real store. */
import { setImmediate as turn } from 'node:timers/promises';
import { openS3Store } from '../../functions/io/s3/s3-store.ts';
import type { Fault } from '../conformance/faulty-store.ts';
import type { PlayFaults } from '../conformance/run-store-cases.ts';
import {
  errorReply,
  forwardTo,
  type Reply,
  type Script,
  type SeenRequest,
} from '../io/s3/scripted-server.ts';
import { withServer } from '../io/s3/with-server.ts';

/**
 * `each-try`: a fault holds for one call of the SDK, whatever it tries, so that the caller hears of it. `first-try`: it
 * holds for the first try only, and the SDK gets over it by itself.
 */
export type FaultReach = 'each-try' | 'first-try';

type Target = { readonly endpoint: string; readonly bucket: string; readonly reach: FaultReach };

export const playOnHttp = ({
  endpoint,
  bucket,
  reach,
}: Target): { readonly playFaults: PlayFaults; readonly countMet: () => number } => {
  let met = 0;
  const onMeet = (): void => {
    met += 1;
  };
  const playFaults: PlayFaults = (faults, use) =>
    withServer(scriptOf(faults, { forward: forwardTo(endpoint), reach, onMeet }), (client) =>
      use(openS3Store(client, { bucket })),
    );
  return { playFaults, countMet: () => met };
};

type Forward = (request: SeenRequest) => Promise<Exclude<Reply, 'none'>>;

type Playing = { readonly forward: Forward; readonly reach: FaultReach; readonly onMeet: () => void };

const scriptOf = (faults: readonly Fault[], { forward, reach, onMeet }: Playing): Script => {
  const waiting = faults.map((fault) => ({ fault, left: fault.times ?? 1 }));
  /** Calls that met a fault keep it. */
  const met = new Map<string, Fault | undefined>();
  const faultOf = (request: SeenRequest): Fault | undefined => {
    if (met.has(request.call)) return met.get(request.call);
    const next = waiting.find(({ fault, left }) => left > 0 && isOf(fault.on, request));
    if (next !== undefined) {
      next.left -= 1;
      onMeet();
    }
    met.set(request.call, next?.fault);
    return next?.fault;
  };
  return async (request) => {
    const fault = faultOf(request);
    const isFirst = request.attempt === 1;
    if (fault === undefined || (reach === 'first-try' && !isFirst)) return forward(request);
    for (let turns = isFirst ? (fault.delay ?? 0) : 0; turns > 0; turns -= 1) await turn();
    const reply = await replyTo(request, fault, forward);
    if (isFirst) await fault.meanwhile?.();
    return reply;
  };
};

const replyTo = async (request: SeenRequest, { reply = 'ok' }: Fault, forward: Forward): Promise<Reply> => {
  if (reply === 'ok') return forward(request);
  if (reply === 'lost') {
    await forward(request);
    return 'none';
  }
  // The client's own first try has put what its second one finds.
  if (reply === 412) {
    const answer = await forward(request);
    return request.attempt === 1 ? 'none' : answer;
  }
  await request.body();
  if (reply === 'dropped') return 'none';
  return reply === 409
    ? errorReply(409, 'ConditionalRequestConflict')
    : errorReply(503, 'ServiceUnavailable');
};

const isOf = (on: Fault['on'], { method, headers }: SeenRequest): boolean => {
  const isConditional = headers['if-none-match'] !== undefined;
  if (on === 'putIfAbsent') return method === 'PUT' && isConditional;
  if (on === 'put' || on === 'putFile') return method === 'PUT' && !isConditional;
  return method === on.toUpperCase();
};
