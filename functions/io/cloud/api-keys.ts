/**
 * API keys on the deployment's side. The hash is one round of SHA-256: a secret is 256 random bits, which nobody
 * guesses at any speed, and a slow hash would let whoever sends wrong keys keep the authorizer busy. A slow one guards
 * what people choose, and nobody chooses these.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { API_KEY_SIZES, type ApiKey, type ApiKeySet, type Scope } from '../../contract/api-keys.ts';
import type { PresentedKey } from '../../core/parse-api-key.ts';

const hashOf = (salt: string, secret: string): Buffer =>
  createHash('sha256').update(Buffer.from(salt, 'hex')).update(Buffer.from(secret, 'base64url')).digest();

export type KeyFacts = {
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly now: Date;
  readonly expiresAt?: string | undefined;
};

/** Draws a key: what its holder gets, once, and what the deployment keeps. `random` draws so many random bytes. */
export const drawApiKey = (
  { label, scopes, now, expiresAt }: KeyFacts,
  random: (size: number) => Buffer = randomBytes,
): { readonly presented: PresentedKey; readonly kept: ApiKey } => {
  const id = `dbk_${random(API_KEY_SIZES.idBytes).toString('hex')}`;
  const secret = random(API_KEY_SIZES.secretBytes).toString('base64url');
  const salt = random(API_KEY_SIZES.saltBytes).toString('hex');
  const kept = {
    id,
    label,
    salt,
    hash: hashOf(salt, secret).toString('hex'),
    scopes: [...scopes],
    createdAt: now.toISOString(),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  return { presented: { id, secret }, kept };
};

/** Stands in for a key that is not there, so that its absence takes the time of a comparison. */
const NOBODY = { salt: '0'.repeat(32), hash: '0'.repeat(64) };

/** The key that was presented, if it is one and has not expired. Takes the same time whatever is wrong with it. */
export const verifyApiKey = ({ keys }: ApiKeySet, presented: PresentedKey, now: Date): ApiKey | undefined => {
  const key = keys.find(({ id }) => id === presented.id);
  const { salt, hash } = key ?? NOBODY;
  const isEqual = timingSafeEqual(hashOf(salt, presented.secret), Buffer.from(hash, 'hex'));
  if (key === undefined || !isEqual) return undefined;
  return key.expiresAt !== undefined && Date.parse(key.expiresAt) <= now.getTime() ? undefined : key;
};
