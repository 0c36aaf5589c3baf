/**
 * `npm run emulator [FILE...]`: the real stack on this machine, without an account, until Ctrl-C. Puts the files, by
 * default those of the demo, below `in/` of its data bucket, and writes what other terminals need to reach it.
 */
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { deployStack } from '../test/cloud/stack/deploy-stack.ts';
import { type Emulator, startEmulator } from '../test/emulator/start-emulator.ts';

const root = path.resolve(import.meta.dirname, '..');
const DEMO = path.join(root, 'node_modules/vega-datasets/data/flights-3m.parquet');
const VARIABLES = path.join(root, '.cache', 'emulator.env');
const SETTINGS = {
  stackName: 'Daybreak',
  synthesizer: 'cli-credentials',
  architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
  functions: { reservesConcurrency: false },
} as const;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const environmentOf = ({ endpoint, region, credentials }: Emulator): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});

/** On AWS the gateway is told by the name of the host, here by the path. */
const apiOf = ({ endpoint }: Emulator, apiUrl: string): string =>
  `${endpoint}/_aws/execute-api/${new URL(apiUrl).hostname.split('.')[0]}/$default`;

const putFiles = async (emulator: Emulator, bucket: string, files: readonly string[]): Promise<void> => {
  const client = new S3Client({ ...emulator, forcePathStyle: true });
  for (const file of files) {
    const key = `in/${path.basename(file)}`;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: await readFile(file) }));
    say(`s3://${bucket}/${key}`);
  }
  client.destroy();
};

const serve = async (emulator: Emulator, files: readonly string[]): Promise<void> => {
  const environment = environmentOf(emulator);
  say('deploying the stack, which takes about half a minute');
  const { outputs } = await deployStack({ environment, settings: SETTINGS, isBootstrapped: false });
  const { DataBucketName: bucket = '', ApiUrl = '' } = outputs;
  await putFiles(emulator, bucket, files);
  const variables = {
    ...environment,
    DAYBREAK_STACK: SETTINGS.stackName,
    DATA_BUCKET: bucket,
    API: apiOf(emulator, ApiUrl),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'`);
  await mkdir(path.dirname(VARIABLES), { recursive: true });
  await writeFile(VARIABLES, `${lines.join('\n')}\n`);
  say(`in other terminals: . ${path.relative(process.cwd(), VARIABLES)}\nCtrl-C ends it, and nothing stays.`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
};

say('starting the emulator; the first time it is installed, which takes about a minute');
const emulator = await startEmulator({ auth: true });
try {
  const files = process.argv.slice(2);
  await serve(emulator, files.length === 0 ? [DEMO] : files);
} finally {
  await rm(VARIABLES, { force: true });
  await emulator.stop();
}
