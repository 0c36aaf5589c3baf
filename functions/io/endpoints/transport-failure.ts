import { RefusedAddress } from './judged-lookup.ts';

/**
 * Why there is no reply. `refused`: there will be none for anybody. `unreachable`: nobody took the connection.
 * `broken`: the connection was taken, and what came is no reply.
 */
export type TransportKind = 'refused' | 'unreachable' | 'broken';

/** No reply of an endpoint. The message goes on from "the endpoint x …"; it holds nothing that was sent or received. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  readonly kind: TransportKind;
  /** For a column of rejects: a word of the system, such as ECONNRESET. */
  readonly code: string;

  constructor({
    kind,
    code,
    what,
  }: { readonly kind: TransportKind; readonly code: string; readonly what: string }) {
    super(what);
    this.kind = kind;
    this.code = code;
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENODATA',
  'ENOTFOUND',
  'no answer',
]);
/** OpenSSL's words about a certificate, and about a server that speaks no TLS. */
const OF_TLS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/;

/** What an error of a socket to `host` means. `isConnected`: whether the connection stood when it happened. */
export const transportFailureOf = (
  error: NodeJS.ErrnoException,
  { host, isConnected }: { readonly host: string; readonly isConnected: boolean },
): TransportFailure => {
  // The official client takes whatever says ETIMEDOUT for its own limit of time.
  const code = error.code === 'ETIMEDOUT' ? 'no answer' : (error.code ?? 'unknown');
  if (error instanceof RefusedAddress)
    return new TransportFailure({ kind: 'refused', code: 'address', what: error.message });
  if (OF_TLS.test(code))
    return new TransportFailure({ kind: 'refused', code, what: `has no TLS that can be trusted (${code})` });
  if (UNREACHABLE.has(code) || !isConnected)
    return new TransportFailure({
      kind: 'unreachable',
      code,
      what: `cannot be reached at ${host} (${code})`,
    });
  return new TransportFailure({ kind: 'broken', code, what: `breaks off its replies (${code})` });
};
