/**
 * One stack for all tests of this folder: on the emulator with roles enforced, or with TEST_TARGET=aws in the account
 * of the environment, where DAYBREAK_TEST_ACCOUNT and AWS_REGION name it and `cdk bootstrap` was run before.
 */
import type { TestProject } from 'vitest/node';
import { type Emulator, startEmulator } from '../../emulator/start-emulator.ts';
import { type DeployTarget, deployStack } from './deploy-stack.ts';
import type { StackFacts } from './stack-facts.ts';

const STACK_NAME = 'DaybreakTest';

/** Small functions, so that their limits are met; and short ones, so that a test of a timeout waits for a minute. */
const SETTINGS = {
  stackName: STACK_NAME,
  synthesizer: 'cli-credentials',
  architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
  functions: {
    timeoutSeconds: 60,
    taskMegabytes: 1769,
    largeTaskMegabytes: 2048,
    reservesConcurrency: false,
  },
  concurrency: { mostJobs: 3, mostTasks: 8 },
  inboxes: [
    { prefix: 'inbox/', inputs: ['s3://{data}/in/'], outputs: ['s3://{data}/results/'] },
    { prefix: 'inbox/other/', inputs: ['s3://{data}/other/'], outputs: ['s3://{data}/results/other/'] },
  ],
  logDays: 1,
} as const;

/** Of the waits of Step Functions between attempts; a whole second of AWS's is a twentieth here. */
const WAIT_SCALE = 0.05;

const variablesOf = ({ endpoint, region, credentials }: Emulator): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});

const openEmulator = async (): Promise<{
  readonly facts: StackFacts;
  readonly close: () => Promise<void>;
}> => {
  const emulator = await startEmulator({ auth: true, waitScale: WAIT_SCALE });
  try {
    const environment = variablesOf(emulator);
    const target: DeployTarget = { environment, settings: SETTINGS, isBootstrapped: false };
    const { outputs, seconds } = await deployStack(target);
    const facts = { target: 'emulator', environment, endpoint: emulator.endpoint, outputs, seconds } as const;
    return { facts: { ...facts, settings: SETTINGS }, close: emulator.stop };
  } catch (error) {
    process.stderr.write(`${emulator.said()}\n`);
    await emulator.stop();
    throw error;
  }
};

const openAccount = async (): Promise<{
  readonly facts: StackFacts;
  readonly close: () => Promise<void>;
}> => {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => /^(AWS_|DAYBREAK_TEST_)/.test(name) && value),
  ) as Record<string, string>;
  const settings = { ...SETTINGS, synthesizer: 'default', deletesData: true };
  const { outputs, seconds } = await deployStack({ environment, settings, isBootstrapped: true });
  // It stays: removing it is a command of its own, see docs/operations.md.
  return { facts: { target: 'aws', environment, outputs, seconds, settings }, close: async () => {} };
};

export const setup = async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const { facts, close } = process.env.TEST_TARGET === 'aws' ? await openAccount() : await openEmulator();
  const { bootstrap, synth, deploy } = facts.seconds;
  process.stdout.write(
    `stack: bootstrap ${bootstrap.toFixed(1)} s, synth ${synth.toFixed(1)} s, deploy ${deploy.toFixed(1)} s\n`,
  );
  provide('stack', facts);
  return close;
};
