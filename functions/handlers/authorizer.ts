import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AuthorizerEvent } from '../contract/api.ts';
import type { ApiKeySet, AuthorizerContext } from '../contract/api-keys.ts';
import { parseAuthorization } from '../core/parse-api-key.ts';
import { readApiKeys } from '../io/cloud/api-key-secret.ts';
import { verifyApiKey } from '../io/cloud/api-keys.ts';
import { clientConfigOf } from '../io/cloud/client-options.ts';
import { readEnvironment } from './environment.ts';
import { log, logAbout } from './log.ts';

/** A key that was revoked is known this much longer, beside what the gateway remembers of an answer. */
const KEYS_LIVE_MS = 60_000;

let client: SecretsManagerClient | undefined;
let known: { readonly keys: ApiKeySet; readonly secretArn: string; readonly until: number } | undefined;

const readKeys = async (secretArn: string, now: number): Promise<ApiKeySet> => {
  if (known !== undefined && known.secretArn === secretArn && now < known.until) return known.keys;
  client ??= new SecretsManagerClient(clientConfigOf());
  const keys = await readApiKeys(client, secretArn);
  known = { keys, secretArn, until: now + KEYS_LIVE_MS };
  return keys;
};

/**
 * What the gateway is told, in the format of simple responses. Whatever is wrong with a key, it is only told no.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 */
export type Authorization =
  | { readonly isAuthorized: false }
  | { readonly isAuthorized: true; readonly context: AuthorizerContext };

/** The function `authorizer`: knows the holder of a key. What the key allows, the function `api` decides by its scopes. */
export const handler = async (event: unknown): Promise<Authorization> => {
  logAbout('authorizer', {});
  const { headers } = AuthorizerEvent.parse(event);
  const { apiKeysSecretArn } = readEnvironment('apiKeysSecretArn');
  const presented = parseAuthorization(headers.authorization);
  if (presented === undefined) return refuse('the header is no API key');
  const now = new Date();
  const key = verifyApiKey(await readKeys(apiKeysSecretArn, now.getTime()), presented, now);
  if (key === undefined) return refuse('the API key is unknown, wrong or expired');
  return { isAuthorized: true, context: { keyId: key.id, scopes: key.scopes.join(' ') } };
};

/** Nothing of what was presented: an id that somebody mistypes may be half a secret. */
const refuse = (reason: string): Authorization => {
  log.info('refused', { reason });
  return { isAuthorized: false };
};
