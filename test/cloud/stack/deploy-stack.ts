/** Deploys and removes the real stack with the real CDK command, on the emulator or in the account of the environment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SETTINGS_KEY } from '../../../cdk/settings.ts';
import type { OUTPUTS } from '../../../functions/contract/environment.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const CDK = path.join(root, 'node_modules/aws-cdk/bin/cdk');
/** Bundling and a deploy take half a minute on a loaded machine; an account takes its own time. */
const LONGEST_MS = 15 * 60_000;

export type StackOutputs = { readonly [Name in keyof typeof OUTPUTS]: string };

export type DeployTarget = {
  /** Variables of the environment that say where to: endpoint, Region, credentials. */
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>> & { readonly stackName: string };
  /** Once for an account and Region; an emulator is new each time. */
  readonly isBootstrapped: boolean;
  /** The folder of another checkout than this one. */
  readonly checkout?: string;
};

export type Deployed = {
  /** As CloudFormation names them. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly seconds: { readonly bootstrap: number; readonly synth: number; readonly deploy: number };
};

/** Fails with what the command printed. */
export const deployStack = (target: DeployTarget): Promise<Deployed> =>
  withFolder(async (folder) => {
    // In an empty folder: in a checkout it would synthesize the app, without bundles.
    const bootstrap = target.isBootstrapped
      ? 0
      : await cdk(target, folder, ['bootstrap', await accountOf(target)]);
    const { assembly, seconds: synth } = await synthesize(target, folder);
    const outputsFile = path.join(folder, 'outputs.json');
    const deploy = await cdk(target, folder, [
      'deploy',
      ...['--app', assembly, '--require-approval', 'never', '--outputs-file', outputsFile],
    ]);
    const outputs = JSON.parse(await readFile(outputsFile, 'utf8'))[target.settings.stackName];
    return { outputs, seconds: { bootstrap, synth, deploy } };
  });

/** Fails with what the command printed. */
export const destroyStack = (target: DeployTarget): Promise<void> =>
  withFolder(async (folder) => {
    const { assembly } = await synthesize(target, folder);
    await cdk(target, folder, ['destroy', '--app', assembly, '--force']);
  });

const withFolder = async <Result>(use: (folder: string) => Promise<Result>): Promise<Result> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'daybreak-deploy-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const synthesize = async (
  target: DeployTarget,
  folder: string,
): Promise<{ readonly assembly: string; readonly seconds: number }> => {
  const assembly = path.join(folder, 'cdk.out');
  const context = ['--context', `${SETTINGS_KEY}=${JSON.stringify(target.settings)}`];
  const seconds = await cdk(target, target.checkout ?? root, [
    'synth',
    ...['--quiet', '--output', assembly, ...context],
  ]);
  return { assembly, seconds };
};

const accountOf = async ({ environment }: DeployTarget): Promise<string> =>
  `aws://${environment.DAYBREAK_TEST_ACCOUNT ?? '000000000000'}/${environment.AWS_REGION}`;

/** Runs the CDK's command; resolves to its seconds. */
const cdk = async (target: DeployTarget, cwd: string, args: readonly string[]): Promise<number> => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [CDK, ...args, '--no-notices', '--ci'], {
    cwd,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      CDK_DISABLE_VERSION_CHECK: '1',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      ...target.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000);
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cdk ${args[0]} ended with ${code}:\n${said}`);
  return (performance.now() - startedAt) / 1000;
};
