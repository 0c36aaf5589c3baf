/** Invokes a function of the emulator over Lambda's API, for want of its SDK client. */
import type { Emulator } from './start-emulator.ts';

export type InvokeOptions = {
  /** A version or an alias. */
  readonly qualifier?: string;
  readonly type?: 'RequestResponse' | 'Event';
};

export type InvokeReply = {
  readonly status: number;
  /** `Unhandled` where the function failed. */
  readonly functionError: string | undefined;
  readonly executedVersion: string | undefined;
  /** The function's answer; where it failed the error, or the API's refusal. */
  readonly payload: unknown;
  /** The end of its log, at most 4 KiB. */
  readonly log: string;
};

/** Root's requests are taken unsigned: the header only says who and for which service. */
export const rootAuthorization = (
  {
    region,
    credentials,
  }: { readonly region: string; readonly credentials: { readonly accessKeyId: string } },
  service: string,
): string =>
  `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`;

export const invokeFunction = async (
  emulator: Emulator,
  name: string,
  payload: unknown,
  { qualifier, type = 'RequestResponse' }: InvokeOptions = {},
): Promise<InvokeReply> => {
  const query = qualifier === undefined ? '' : `?${new URLSearchParams({ Qualifier: qualifier })}`;
  const reply = await fetch(`${emulator.endpoint}/2015-03-31/functions/${name}/invocations${query}`, {
    method: 'POST',
    headers: {
      Authorization: rootAuthorization(emulator, 'lambda'),
      'X-Amz-Invocation-Type': type,
      'X-Amz-Log-Type': 'Tail',
    },
    body: JSON.stringify(payload),
  });
  const text = await reply.text();
  return {
    status: reply.status,
    functionError: reply.headers.get('x-amz-function-error') ?? undefined,
    executedVersion: reply.headers.get('x-amz-executed-version') ?? undefined,
    payload: text === '' ? undefined : JSON.parse(text),
    log: Buffer.from(reply.headers.get('x-amz-log-result') ?? '', 'base64').toString(),
  };
};
