/** Deploys the real stack with the real CDK command, onto the emulator or into the account of the environment. */
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
};

export type Deployed = {
  /** As CloudFormation names them. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly seconds: { readonly bootstrap: number; readonly synth: number; readonly deploy: number };
};

/** Fails with what the command printed. */
export const deployStack = async (target: DeployTarget): Promise<Deployed> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'daybreak-deploy-'));
  try {
    const assembly = path.join(folder, 'cdk.out');
    // In an empty folder: in this one it would synthesize the app, without bundles.
    const bootstrap = target.isBootstrapped
      ? 0
      : await cdk(target, folder, ['bootstrap', await accountOf(target)]);
    const context = ['--context', `${SETTINGS_KEY}=${JSON.stringify(target.settings)}`];
    const synth = await cdk(target, root, ['synth', '--quiet', '--output', assembly, ...context]);
    const outputsFile = path.join(folder, 'outputs.json');
    const deploy = await cdk(target, folder, [
      'deploy',
      ...['--app', assembly, '--require-approval', 'never', '--outputs-file', outputsFile],
    ]);
    const outputs = JSON.parse(await readFile(outputsFile, 'utf8'))[target.settings.stackName];
    return { outputs, seconds: { bootstrap, synth, deploy } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
