import { randomUUID } from 'node:crypto';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { ApiKeySet } from '../../contract/api-keys.ts';
import { DeploymentError } from '../../contract/errors-cloud.ts';

type Version = { readonly versionId: string; readonly keys: ApiKeySet };

const CURRENT = 'AWSCURRENT';
/** Carried by a version between its writing and its turn; one left behind by a death moves with the next change. */
const PROPOSED = 'DAYBREAKPROPOSED';

/** Another change takes a second; so many of them one after another are no people. */
const MAX_TRIES = 5;

/** Reads the keys of a deployment. Fails with DeploymentError where the secret holds something else. */
export const readApiKeys = async (client: SecretsManagerClient, secretArn: string): Promise<ApiKeySet> =>
  (await readVersion(client, secretArn)).keys;

const readVersion = async (client: SecretsManagerClient, secretArn: string): Promise<Version> => {
  const { SecretString = '', VersionId = '' } = await client.send(
    new GetSecretValueCommand({ SecretId: secretArn, VersionStage: CURRENT }),
  );
  return { versionId: VersionId, keys: parseKeys(secretArn, SecretString) };
};

/** What does not parse is not quoted, nor is what zod says of it: it may be anything, and secret. */
const parseKeys = (secretArn: string, text: string): ApiKeySet => {
  const parsed = ApiKeySet.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw new DeploymentError(
    `the secret ${secretArn} holds no API keys of this version (wrong: ${places}); put {"keys": []} there, and create the keys again`,
  );
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/**
 * Changes the keys. Of two changes at once neither is lost: a new version becomes the current one only where the one
 * that it was made from still is, which Secrets Manager judges; else it is made again from what stands by then. So
 * `change` may be asked again about what it did. Fails as it does, and with DeploymentError.
 */
export const changeApiKeys = async (
  client: SecretsManagerClient,
  secretArn: string,
  change: (keys: ApiKeySet) => ApiKeySet,
): Promise<void> => {
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const before = await readVersion(client, secretArn);
    const after = ApiKeySet.parse(change(before.keys));
    const versionId = randomUUID();
    await client.send(
      new PutSecretValueCommand({
        SecretId: secretArn,
        SecretString: JSON.stringify(after),
        ClientRequestToken: versionId,
        VersionStages: [PROPOSED],
      }),
    );
    if (await promote(client, secretArn, { from: before.versionId, to: versionId })) return;
  }
  throw new DeploymentError(
    `others changed the API keys ${MAX_TRIES} times meanwhile, and this change was not made; try again`,
  );
};

/** Makes a version the current one; false where another has become it since. */
const promote = async (
  client: SecretsManagerClient,
  secretArn: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<boolean> => {
  try {
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secretArn,
        VersionStage: CURRENT,
        RemoveFromVersionId: from,
        MoveToVersionId: to,
      }),
    );
    return true;
  } catch (error) {
    // A reply that was lost: the SDK's own second try finds the label where it is to go.
    const { versionId } = await readVersion(client, secretArn);
    if (versionId === to) return true;
    const name = error instanceof Error ? error.name : '';
    if (name === FORGOTTEN || (REFUSED.has(name) && versionId !== from)) return false;
    throw error;
  }
};

/** The label is not where it was said to be. */
const REFUSED: ReadonlySet<string> = new Set(['InvalidParameterException', 'InvalidRequestException']);
/** Of a version that the next proposal has made obsolete. */
const FORGOTTEN = 'ResourceNotFoundException';
