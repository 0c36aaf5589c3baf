import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { type AddressPolicy, refuseAddress } from './address-policy.ts';

/** A connection that must not be made. The message goes on from "the endpoint x …". */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
}

/** The addresses of a name; fails as the system's resolver does. */
export type ResolveHost = (
  host: string,
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const resolveHost: ResolveHost = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Resolves for one connection, and judges what it will connect to: between the two nothing asks again, so that a name
 * whose address changes after a check gains nothing. Where one of several addresses is refused all are.
 */
export const createJudgedLookup =
  (policy: AddressPolicy, resolve: ResolveHost): LookupFunction =>
  (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const refusal = addresses.map(({ address }) => refuseAddress(address, policy)).find(isRefusal);
        const [first] = addresses;
        if (refusal !== undefined) callback(new RefusedAddress(refusal), '', 0);
        else if (first === undefined) callback(noAddress(host), '', 0);
        else if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };

const isRefusal = (refusal: string | undefined): boolean => refusal !== undefined;

const noAddress = (host: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
