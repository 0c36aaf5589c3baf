import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  ApiKey,
  type ApiKeySet,
  isScope,
  MOST_API_KEYS,
  SCOPES,
  type Scope,
} from '../../functions/contract/api-keys.ts';
import { UsageError } from '../../functions/contract/errors-command.ts';
import { LimitError } from '../../functions/contract/errors-input.ts';
import { renderApiKey } from '../../functions/core/parse-api-key.ts';
import { parseDuration } from '../../functions/core/parse-duration.ts';
import { changeApiKeys, readApiKeys } from '../../functions/io/cloud/api-key-secret.ts';
import { drawApiKey } from '../../functions/io/cloud/api-keys.ts';
import { asDeploymentError } from '../../functions/io/cloud/aws-errors.ts';
import { clientConfigOf } from '../../functions/io/cloud/client-options.ts';
import { openDeployment } from '../cloud/open-deployment.ts';
import { type PlaceOptions, requireCloudPlace } from '../cloud/place-options.ts';
import { renderTable } from '../render-table.ts';

export type KeysOptions = PlaceOptions & { readonly json?: boolean };
export type CreateOptions = KeysOptions & {
  readonly label: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
};

/** Without --scope: what a client needs to send jobs and see what became of them. */
const DEFAULT_SCOPES: readonly Scope[] = ['submit', 'read', 'cancel'];

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

type Secret = {
  readonly read: () => Promise<ApiKeySet>;
  readonly change: (change: (keys: ApiKeySet) => ApiKeySet) => Promise<void>;
};

/** Fails with DeploymentError. */
const openSecret = async (options: KeysOptions): Promise<Secret> => {
  const { deployment, clientOptions } = await openDeployment(requireCloudPlace(options));
  const { apiKeysSecretArn: arn, region } = deployment;
  const client = new SecretsManagerClient(clientConfigOf(clientOptions));
  const asking = async <Result>(action: string, ask: () => Promise<Result>): Promise<Result> => {
    try {
      return await ask();
    } catch (error) {
      throw asDeploymentError(error, { action, region });
    }
  };
  return {
    read: () => asking('secretsmanager:GetSecretValue', () => readApiKeys(client, arn)),
    change: (change) =>
      asking('secretsmanager:GetSecretValue, PutSecretValue or UpdateSecretVersionStage', () =>
        changeApiKeys(client, arn, change),
      ),
  };
};

/** `daybreak keys create`: makes a key and prints it, this once: nobody keeps what it is. */
export const createKey = async (options: CreateOptions): Promise<void> => {
  const now = new Date();
  const scopes = scopesOf(options.scope);
  const expiresAt = expiryOf(options.expires, now);
  if (!ApiKey.shape.label.safeParse(options.label).success) {
    throw new UsageError('--label: expected 1 to 100 characters');
  }
  const { change } = await openSecret(options);
  const { presented, kept } = drawApiKey({ label: options.label, scopes, now, expiresAt });
  await change(({ keys }) => {
    const others = keys.filter(({ id }) => id !== kept.id);
    if (others.length >= MOST_API_KEYS) {
      throw new LimitError({
        what: 'the API keys of a deployment',
        found: `${others.length + 1}`,
        limit: `${MOST_API_KEYS}`,
        advice: '`daybreak keys revoke` takes back those that nobody uses',
      });
    }
    return { keys: [...others, kept] };
  });
  const key = renderApiKey(presented);
  if (options.json === true) return print(JSON.stringify({ ...factsOf(kept), key }));
  print(key);
  process.stderr.write(
    `This is the only time that the key ${kept.id} is shown; it may ${scopes.join(', ')}. Send it as \`Authorization: Bearer KEY\`; within two minutes it works.\n`,
  );
};

/** `daybreak keys list`: who has a key, and what for; never a key. */
export const listKeys = async (options: KeysOptions): Promise<void> => {
  const { keys } = await (await openSecret(options)).read();
  if (options.json === true) return print(JSON.stringify(keys.map(factsOf)));
  if (keys.length === 0) return print('no API keys; `daybreak keys create --label NAME` makes one');
  const now = new Date().toISOString();
  print(
    renderTable({
      header: ['id', 'label', 'scopes', 'created', 'expires'],
      rows: keys.map(({ id, label, scopes, createdAt, expiresAt = '' }) => [
        id,
        label,
        scopes.join(' '),
        createdAt.slice(0, 10),
        expiresAt !== '' && expiresAt <= now ? 'expired' : expiresAt.slice(0, 10),
      ]),
    }),
  );
};

/** `daybreak keys revoke`: takes keys back. Fails with UsageError where one is not there, and then takes none. */
export const revokeKeys = async (ids: readonly string[], options: KeysOptions): Promise<void> => {
  const { read, change } = await openSecret(options);
  const there = new Set((await read()).keys.map(({ id }) => id));
  const unknown = ids.filter((id) => !there.has(id));
  if (unknown.length > 0) {
    throw new UsageError(
      `there is no API key ${unknown.join(', ')}; \`daybreak keys list\` shows those there are`,
    );
  }
  await change(({ keys }) => ({ keys: keys.filter(({ id }) => !ids.includes(id)) }));
  if (options.json === true) return print(JSON.stringify({ revoked: ids }));
  print(`revoked ${ids.join(', ')}; within two minutes it is refused`);
};

/** All but what a key is known by. */
const factsOf = ({ id, label, scopes, createdAt, expiresAt }: ApiKey) => ({
  id,
  label,
  scopes,
  createdAt,
  expiresAt,
});

const scopesOf = (words: readonly string[] | undefined): readonly Scope[] => {
  const wanted = (words ?? []).flatMap((word) => word.split(',')).map((word) => word.trim());
  if (wanted.length === 0) return DEFAULT_SCOPES;
  const unknown = wanted.filter((word) => !isScope(word));
  if (unknown.length > 0) {
    throw new UsageError(`--scope ${unknown.join(', ')}: expected ${SCOPES.join(', ')}`);
  }
  return SCOPES.filter((scope) => wanted.includes(scope));
};

const expiryOf = (text: string | undefined, now: Date): string | undefined => {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds === undefined)
    throw new UsageError(`--expires ${text}: expected a duration such as 90d or 12h`);
  return new Date(now.getTime() + seconds * 1000).toISOString();
};
