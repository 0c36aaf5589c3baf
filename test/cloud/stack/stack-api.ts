/** The HTTP API of the deployed stack, by the address that its gateway has. */
import type { Route } from '../../../functions/contract/api.ts';
import type { StackFacts } from './stack-facts.ts';

/** What the gateway itself allows is 30 s. */
const LONGEST_MS = 45_000;

export type ApiRequest = {
  readonly key?: string;
  /** In the place of `{job}`. */
  readonly job?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData;
};

export type ApiReply = {
  readonly status: number;
  readonly headers: Headers;
  /** Whatever it is: it is JSON. */
  readonly body: unknown;
};

/** On AWS the gateway is told by the name of the host, on the emulator by the path. */
const baseOf = ({ endpoint, outputs: { ApiUrl = '' } }: StackFacts): string =>
  endpoint === undefined
    ? ApiUrl
    : `${endpoint}/_aws/execute-api/${new URL(ApiUrl).hostname.split('.')[0]}/$default`;

export const askApi = async (
  facts: StackFacts,
  route: Route,
  { key, job = '', query = {}, headers = {}, body }: ApiRequest = {},
): Promise<ApiReply> => {
  const [method = '', path = ''] = route.split(' ');
  const url = new URL(`${baseOf(facts)}${path.replace('{job}', encodeURIComponent(job))}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const reply = await fetch(url, {
    method,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(LONGEST_MS),
  });
  return { status: reply.status, headers: reply.headers, body: await reply.json() };
};
