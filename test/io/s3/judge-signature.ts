import { createHash, createHmac } from 'node:crypto';
import type { SeenRequest } from './scripted-server.ts';

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest();

/**
 * Checks a request as AWS does, which the emulator does not: its signature covers the headers that came, and its
 * payload is the one that was signed. A sentence that says what is wrong, or undefined.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const findSignatureFault = async (
  request: SeenRequest,
  secret: string,
): Promise<string | undefined> => {
  const { method, url, headers } = request;
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/u;
  const [, scope = '', signedNames = '', signature] = pattern.exec(headers.authorization ?? '') ?? [];
  if (signature === undefined) return `it is not signed: ${headers.authorization}`;
  const payload = headers['x-amz-content-sha256'] ?? '';
  const [path = '', query = ''] = url.split('?');
  const canonical = [
    method,
    path,
    query
      .split('&')
      .filter((each) => each !== '')
      .map((each) => (each.includes('=') ? each : `${each}=`))
      .sort()
      .join('&'),
    ...signedNames.split(';').map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    signedNames,
    payload,
  ].join('\n');
  const key = scope.split('/').reduce<string | Uint8Array>((made, part) => hmac(made, part), `AWS4${secret}`);
  const signed = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  if (hmac(key, signed).toString('hex') !== signature) return `the signature does not cover ${canonical}`;
  const body = await request.body();
  return sha256(body) === payload ? undefined : `the payload of ${body.length} bytes is not ${payload}`;
};
