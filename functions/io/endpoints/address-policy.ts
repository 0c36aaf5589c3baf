import { isIP } from 'node:net';
import { kindOfAddress } from './judge-address.ts';

/** Which addresses an endpoint may lead to; decided by its URL and its settings, asked for each connection. */
export type AddressPolicy = {
  readonly host: string;
  readonly isPlain: boolean;
  readonly allowsPrivate: boolean;
};

/** The host as a connection takes it: of an IPv6 address without its brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

export const policyOf = (url: URL, allowsPrivate: boolean): AddressPolicy => ({
  host: hostOf(url),
  isPlain: url.protocol === 'http:',
  allowsPrivate,
});

/** Names that mean this machine and nothing else. */
const isLocalName = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  (isIP(host) !== 0 && kindOfAddress(host) === 'loopback');

/**
 * Why a connection to the address must not be made; undefined where it may. A name of the network that leads to this
 * machine is refused like a private address: it is how a foreign name reaches a service that trusts its own machine.
 */
export const refuseAddress = (
  address: string,
  { host, isPlain, allowsPrivate }: AddressPolicy,
): string | undefined => {
  const kind = kindOfAddress(address);
  switch (kind) {
    case 'never':
      return 'leads to an address that no endpoint has';
    case 'loopback':
      return isLocalName(host) || allowsPrivate
        ? undefined
        : 'leads to this machine, although its name does not say so; allow_private lets it';
    case 'private':
      return allowsPrivate ? undefined : 'leads to a private address; allow_private lets it';
    case 'public':
      return isPlain ? 'leads to a public address by plain http, where https is needed' : undefined;
  }
};

/** What is wrong with the base of an API, as far as the text can say; undefined where nothing is. */
export const refuseUrl = (text: string, allowsPrivate: boolean): string | undefined => {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'expected an address that begins with https://, or with http:// for this machine';
  if (url.username !== '' || url.password !== '')
    return 'an address holds no user and no password; a key stands in a variable or a file';
  if (url.search !== '' || url.hash !== '') return 'an address ends before any "?" or "#"';
  const policy = policyOf(url, allowsPrivate);
  if (isIP(policy.host) !== 0) {
    const refusal = refuseAddress(policy.host, policy);
    return refusal === undefined ? undefined : `it ${refusal}`;
  }
  if (policy.isPlain && !allowsPrivate && !isLocalName(policy.host))
    return 'plain http leads to this machine only (localhost), or with allow_private into a private network; use https';
  return undefined;
};
