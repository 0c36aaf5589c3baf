/** API keys from the command to the authorizer, moved through time; what the routes do is in stack/ways-in.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HttpReply } from '../../functions/contract/api.ts';
import { ApiKeySet } from '../../functions/contract/api-keys.ts';
import { ENVIRONMENT } from '../../functions/contract/environment.ts';
import { EXIT_CODES } from '../../functions/contract/failures.ts';
import { handler as api } from '../../functions/handlers/api.ts';
import { type Authorization, handler as authorizer } from '../../functions/handlers/authorizer.ts';
import { changeApiKeys, readApiKeys } from '../../functions/io/cloud/api-key-secret.ts';
import { drawApiKey } from '../../functions/io/cloud/api-keys.ts';
import { type Ended, NODE, startProcess } from '../flow/daybreak-process.ts';
import { DATA, type HandMade, openHandMade } from './open-deployment.ts';

const COMMAND = join(import.meta.dirname, '../../cli/daybreak.ts');

let deployment: HandMade;
let secrets: SecretsManagerClient;
let folder: string;
beforeAll(async () => {
  deployment = await openHandMade({
    api: { inputs: [`s3://${DATA}/`], outputs: [`s3://${DATA}/results/`] },
    inboxes: [],
  });
  secrets = new SecretsManagerClient(deployment.emulator);
  folder = await mkdtemp(join(tmpdir(), 'daybreak-keys-'));
});
afterAll(async () => {
  await deployment.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  vi.useRealTimers();
});

const daybreak = (...args: string[]): Promise<Ended> =>
  startProcess(NODE, [COMMAND, 'keys', ...args, '--stack', 'Daybreak'], {
    cwd: folder,
    env: deployment.env,
    limitSeconds: 120,
  }).ended;

let clockMs = Date.now();
/** Only the date is another one, and it never goes back: what the authorizer remembers has a time. */
const later = (milliseconds: number): void => {
  clockMs = Math.max(clockMs, Date.now()) + milliseconds;
  vi.useFakeTimers({ toFake: ['Date'], now: clockMs });
};
/** What the authorizer remembers of the secret is too old by then. */
const aMinuteLater = (): void => later(61_000);

const authorize = (authorization: string): Promise<Authorization> =>
  authorizer({ version: '2.0', headers: { authorization } });

const createKey = async (...args: string[]): Promise<{ readonly id: string; readonly key: string }> => {
  const { exitCode, stdout, stderr } = await daybreak('create', '--label', 'tests', '--json', ...args);
  expect([exitCode, stderr.includes('only time')]).toEqual([EXIT_CODES.done, false]);
  return JSON.parse(stdout);
};

describe('an API key', () => {
  it('is let in from its creation until it is taken back, and kept without its secret', async () => {
    const { exitCode, stdout, stderr } = await daybreak(
      'create',
      '--label',
      'who: the tests',
      '--scope',
      'read,submit',
    );
    expect(exitCode).toBe(EXIT_CODES.done);
    const key = stdout.trim();
    const [id = '', secret = ''] = key.split('.');
    expect(stderr).toContain(id);
    expect(stderr).not.toContain(secret);
    const { SecretString } = await secrets.send(
      new GetSecretValueCommand({ SecretId: deployment.secretArn }),
    );
    expect(SecretString).toContain(id);
    expect(SecretString).not.toContain(secret);

    aMinuteLater();
    expect(await authorize(`Bearer ${key}`)).toEqual({
      isAuthorized: true,
      context: { keyId: id, scopes: 'submit read' },
    });
    for (const wrong of [
      '',
      key,
      `Basic ${key}`,
      `Bearer ${id}.${'A'.repeat(43)}`,
      `Bearer dbk_0000000000000000.${secret}`,
    ])
      expect(await authorize(wrong)).toEqual({ isAuthorized: false });

    expect((await daybreak('revoke', id)).exitCode).toBe(EXIT_CODES.done);
    aMinuteLater();
    expect(await authorize(`Bearer ${key}`)).toEqual({ isAuthorized: false });
  });

  it('is listed without what it is known by, and expires', async () => {
    const { id, key } = await createKey('--expires', '90d');
    const list = await daybreak('list', '--json');
    const [listed] = JSON.parse(list.stdout).filter((each: { id: string }) => each.id === id);
    expect(Object.keys(listed).sort()).toEqual(['createdAt', 'expiresAt', 'id', 'label', 'scopes']);
    expect(listed.scopes).toEqual(['submit', 'read', 'cancel']);
    aMinuteLater();
    expect((await authorize(`Bearer ${key}`)).isAuthorized).toBe(true);
    later(Date.parse(listed.expiresAt) - Date.now());
    expect((await authorize(`Bearer ${key}`)).isAuthorized).toBe(false);
    vi.useRealTimers();
    expect((await daybreak('list')).stdout).toMatch(new RegExp(`^${id} +tests +submit read cancel `, 'm'));
  });

  it.each([
    [['create', '--label', 'x', '--scope', 'admin'], /^UsageError: --scope admin: expected submit, read/],
    [['create', '--label', 'x', '--expires', 'soon'], /^UsageError: --expires soon: expected a duration/],
    [['create', '--label', ''], /^UsageError: --label: expected 1 to 100 characters/],
    [['create'], /required option '--label <text>' not specified/],
    [['revoke', 'dbk_ffffffffffffffff'], /^UsageError: there is no API key dbk_ffffffffffffffff/],
  ])('is refused: %j', async (args, sentence) => {
    const { exitCode, stderr } = await daybreak(...args);
    expect([exitCode, stderr]).toEqual([EXIT_CODES.refused, expect.stringMatching(sentence)]);
  });
});

describe('the secret', () => {
  const draw = (label: string) => drawApiKey({ label, scopes: ['read'], now: new Date() }).kept;

  it('loses no change of several at once', async () => {
    const before = await readApiKeys(secrets, deployment.secretArn);
    const added = ['a', 'b', 'c'].map(draw);
    // A client of its own for each: as on as many machines.
    await Promise.all(
      added.map((kept) =>
        changeApiKeys(new SecretsManagerClient(deployment.emulator), deployment.secretArn, ({ keys }) => ({
          keys: [...keys.filter(({ id }) => id !== kept.id), kept],
        })),
      ),
    );
    const { keys } = await readApiKeys(secrets, deployment.secretArn);
    expect(keys.map(({ id }) => id).sort()).toEqual([...before.keys, ...added].map(({ id }) => id).sort());
  });

  it('is not changed over a change that came between', async () => {
    const kept = draw('between');
    let isFirst = true;
    await changeApiKeys(secrets, deployment.secretArn, ({ keys }) => ({ keys: [...keys, kept] }));
    const crossing = {
      send: async (command: Parameters<typeof secrets.send>[0]) => {
        if (isFirst && command instanceof PutSecretValueCommand) {
          isFirst = false;
          await changeApiKeys(secrets, deployment.secretArn, () => ({ keys: [] }));
        }
        return secrets.send(command);
      },
    };
    // Of a client only this is used.
    await changeApiKeys(crossing as unknown as SecretsManagerClient, deployment.secretArn, (keys) => keys);
    expect(await readApiKeys(secrets, deployment.secretArn)).toEqual({ keys: [] });
  });

  it('is refused without being quoted where it holds something else', async () => {
    const wrong = JSON.stringify({ keys: [{ id: 'top secret' }] });
    await secrets.send(new PutSecretValueCommand({ SecretId: deployment.secretArn, SecretString: wrong }));
    aMinuteLater();
    const asking = authorize(`Bearer dbk_0123456789abcdef.${'A'.repeat(43)}`);
    await expect(asking).rejects.toThrow(/holds no API keys of this version \(wrong: keys\.0/);
    await expect(asking).rejects.not.toThrow('top secret');
    const empty = JSON.stringify(ApiKeySet.parse({ keys: [] }));
    await secrets.send(new PutSecretValueCommand({ SecretId: deployment.secretArn, SecretString: empty }));
  });
});

describe('the API', () => {
  const request = (routeKey: string, more: object = {}): Promise<HttpReply> =>
    api({
      version: '2.0',
      routeKey,
      rawPath: '/jobs',
      headers: { 'content-type': 'application/json', authorization: 'Bearer kept.out' },
      isBase64Encoded: false,
      requestContext: {
        requestId: 'r',
        domainName: 'api.example',
        http: { method: 'POST', path: '/jobs' },
        authorizer: { lambda: { keyId: 'dbk_0123456789abcdef', scopes: 'submit read cancel' } },
      },
      ...more,
    });

  it('tells what the environment lacks, and answers nothing', async () => {
    const kept = process.env[ENVIRONMENT.allowedUris];
    process.env[ENVIRONMENT.allowedUris] = '{"api":';
    try {
      await expect(request('GET /jobs')).rejects.toThrow(/DAYBREAK_ALLOWED_URIS: expected JSON/);
    } finally {
      process.env[ENVIRONMENT.allowedUris] = kept;
    }
  });
});
