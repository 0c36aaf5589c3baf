import { API_KEY_PATTERNS } from '../contract/api-keys.ts';

/** What a client sends to be known: the id of its key and the secret, as base64url. */
export type PresentedKey = { readonly id: string; readonly secret: string };

/** The scheme may be written in any case. */
const BEARER = /^bearer ([^.]+)\.(.+)$/i;
const ID = new RegExp(`^${API_KEY_PATTERNS.id}$`, 'u');
const SECRET = new RegExp(`^${API_KEY_PATTERNS.secret}$`, 'u');

/** Reads an `Authorization` header; undefined where it is none of ours. */
export const parseAuthorization = (header: string | undefined): PresentedKey | undefined => {
  const [, id, secret] = BEARER.exec(header ?? '') ?? [];
  if (id === undefined || secret === undefined || !ID.test(id) || !SECRET.test(secret)) return undefined;
  return { id, secret };
};

/** The key as a client holds it. */
export const renderApiKey = ({ id, secret }: PresentedKey): string => `${id}.${secret}`;
