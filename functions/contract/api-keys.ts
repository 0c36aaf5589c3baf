/**
 * API keys. A client sends `Authorization: Bearer {id}.{secret}`: the id says which key, the secret that it is its
 * holder. The deployment keeps a salted hash of the secret, never the secret.
 */
import * as z from 'zod';
import { Sha256 } from './ids.ts';

/**
 * What a key allows. `submit`: send and resume jobs; `read`: see all jobs and reports; `cancel`: end jobs;
 * `modules`: send code with a job, which may do what the role of the modules may, reading every job included.
 */
export const SCOPES = ['submit', 'read', 'cancel', 'modules'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;
export const isScope = (word: string): word is Scope => (SCOPES as readonly string[]).includes(word);

/** The beginning of an id lets scanners of secrets know a key when they see one. */
export const API_KEY_PATTERNS = {
  /** 64 random bits: an id is no secret. */
  id: 'dbk_[0-9a-f]{16}',
  /** 256 random bits in base64url without padding. */
  secret: '[A-Za-z0-9_-]{43}',
} as const;

export const API_KEY_SIZES = { idBytes: 8, secretBytes: 32, saltBytes: 16 } as const;

export const ApiKeyId = z
  .string()
  .regex(new RegExp(`^${API_KEY_PATTERNS.id}$`, 'u'))
  .meta({ id: 'ApiKeyId' });

/** The longest label: a line of a list. */
const LABEL_LENGTH = 100;

export const ApiKey = z
  .strictObject({
    id: ApiKeyId,
    label: z.string().min(1).max(LABEL_LENGTH).describe('who has it or what it is for'),
    salt: z.string().regex(/^[0-9a-f]{32}$/u),
    hash: Sha256.describe('SHA-256 of the salt and the secret, as bytes one behind the other'),
    scopes: z.array(Scope).min(1),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

/** A secret holds at most 65,536 bytes, and a key is about 350. */
export const MOST_API_KEYS = 150;

/** The value of the secret of the deployment. */
export const ApiKeySet = z
  .strictObject({ keys: z.array(ApiKey).max(MOST_API_KEYS) })
  .meta({ id: 'ApiKeySet' });
export type ApiKeySet = z.infer<typeof ApiKeySet>;

/** What the authorizer tells the API: scopes are joined by blanks, for a context holds plain values. */
export const AuthorizerContext = z.strictObject({ keyId: ApiKeyId, scopes: z.string() });
export type AuthorizerContext = z.infer<typeof AuthorizerContext>;
