/** The deployed stack as a test sees it: jobs go in by the queue, and everything else is read where it lies. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { inject } from 'vitest';
import { type OpenDeployment, openDeployment } from '../../../cli/cloud/open-deployment.ts';
import type { Job } from '../../../functions/contract/job.ts';
import type { Manifest } from '../../../functions/contract/manifest.ts';
import { mapBounded } from '../../../functions/io/map-bounded.ts';
import { listObjectPages } from '../../../functions/io/s3/list-objects.ts';
import { readSpec } from '../../../functions/io/spec/parse-spec.ts';
import { makeJob } from '../../../functions/stages/make-job.ts';
import { type JobState, type JobWord, readJobState } from '../../../functions/stages/read-job-state.ts';
import type { StackFacts } from './stack-facts.ts';

const ENDED: ReadonlySet<JobWord> = new Set(['published', 'partial', 'cancelled', 'failed', 'refused']);
/** A job of these tests takes seconds, on a loaded machine a minute; beyond this it hangs. */
const LONGEST_MS = 170_000;
const LOOK_MS = 150;
/** Histories of children; as many as the emulator answers at once without anybody waiting. */
const READS_AT_ONCE = 8;

export type SubmitOptions = {
  readonly id: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly tasks?: { readonly map: number; readonly reduce: number };
  readonly modules?: Readonly<Record<string, string>>;
};

export type Stack = OpenDeployment & {
  readonly facts: StackFacts;
  readonly s3: S3Client;
  readonly data: string;
  readonly blocks: string;
  readonly putData: (key: string, body: string | Uint8Array) => Promise<void>;
  readonly getData: (key: string) => Promise<Uint8Array>;
  readonly listData: (prefix: string) => Promise<readonly string[]>;
  /** Sends a job to the queue, as `daybreak submit` does. */
  readonly submit: (options: SubmitOptions) => Promise<Job>;
  readonly read: (job: string) => Promise<JobState | undefined>;
  /** Until the word is one of these; default: the job has ended. */
  readonly waitFor: (job: string, words?: readonly JobWord[]) => Promise<JobState>;
  /** Until `look` finds something. */
  readonly waitUntil: <Found>(what: string, look: () => Promise<Found | undefined>) => Promise<Found>;
  /** Whether there is, or was, an execution of that name. */
  readonly hasExecution: (name: string) => Promise<boolean>;
  /** The execution of a go, when it has ended: its status, error and history. */
  readonly execution: (name: string) => Promise<EndedExecution>;
  /** As somebody at the console does. */
  readonly stopExecution: (name: string) => Promise<void>;
  /** The children of an execution that has ended: one for each task that a Map started. */
  readonly children: (execution: EndedExecution) => Promise<readonly EndedExecution[]>;
  /** Copies a published output into a folder of this machine for as long as `use` takes. */
  readonly withOutput: <Result>(
    uri: string,
    use: (folder: string, manifest: Manifest) => Promise<Result>,
  ) => Promise<Result>;
  readonly close: () => void;
};

export type EndedExecution = {
  readonly status: string;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly events: readonly HistoryEvent[];
};

/** The stack of the set-up, or another one on the same emulator. */
export const openStack = async (facts: StackFacts = inject('stack')): Promise<Stack> => {
  // The SDK's own chain finds endpoint, Region and credentials there, as it does for the command.
  Object.assign(process.env, facts.environment);
  const { endpoint } = facts;
  const deployment = await openDeployment({
    stack: facts.settings.stackName,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const { s3 } = deployment.world;
  if (s3 === undefined) throw new Error('a deployment has a client for S3');
  const { outputs } = facts;
  const data = outputs.DataBucketName ?? '';
  const sfn = new SFNClient({});

  const arnOf = (name: string): string =>
    `${outputs.StateMachineArn?.replace(':stateMachine:', ':execution:')}:${name}`;
  const describe = async (executionArn: string) => {
    try {
      return await sfn.send(new DescribeExecutionCommand({ executionArn }));
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  };
  const waitUntil: Stack['waitUntil'] = async (what, look) => {
    const deadline = performance.now() + LONGEST_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`${what} did not come within ${LONGEST_MS / 1000} s`);
      await pause(LOOK_MS);
    }
  };
  const read = async (job: string): Promise<JobState | undefined> => {
    try {
      return await readJobState(deployment.world, job);
    } catch (error) {
      if ((error as Error).name === 'JobNotFoundError') return undefined;
      throw error;
    }
  };
  const getData = async (key: string): Promise<Uint8Array> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: data, Key: key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  };
  const listData = async (prefix: string): Promise<readonly string[]> => {
    const keys: string[] = [];
    for await (const page of listObjectPages(s3, { bucket: data, prefix }))
      keys.push(...page.map(({ key }) => key));
    return keys;
  };

  const endedOf = async (arn: string): Promise<EndedExecution | undefined> => {
    const found = await describe(arn);
    if (found === undefined || found.status === 'RUNNING') return undefined;
    const { events = [] } = await sfn.send(
      new GetExecutionHistoryCommand({ executionArn: arn, maxResults: 1000 }),
    );
    return { status: String(found.status), error: found.error, cause: found.cause, events };
  };
  const childrenOf = async (mapRunArn: string): Promise<readonly EndedExecution[]> => {
    const { executions = [] } = await sfn.send(new ListExecutionsCommand({ mapRunArn, maxResults: 1000 }));
    const children = await mapBounded(executions, READS_AT_ONCE, ({ executionArn = '' }) =>
      endedOf(executionArn),
    );
    return children.filter((child) => child !== undefined);
  };

  return {
    ...deployment,
    facts,
    s3,
    data,
    blocks: outputs.BlocksBucketName ?? '',
    putData: async (key, body) => {
      await s3.send(new PutObjectCommand({ Bucket: data, Key: key, Body: body }));
    },
    getData,
    listData,
    submit: async ({ id, spec, tasks, modules }) => {
      const parsed = readSpec(JSON.stringify(spec), { file: 'spec.json' });
      const job = makeJob(parsed, {
        id,
        now: new Date(),
        submittedBy: 'a test',
        ...(tasks === undefined ? {} : { tasks }),
        ...(modules === undefined ? {} : { modules }),
      });
      await deployment.send({ kind: 'submit', job });
      return job;
    },
    read,
    waitFor: (job, words) =>
      waitUntil(`${words?.join(' or ') ?? 'the end'} of the job ${job}`, async () => {
        const state = await read(job);
        if (state === undefined) return undefined;
        return (words?.includes(state.word) ?? ENDED.has(state.word)) ? state : undefined;
      }),
    waitUntil,
    hasExecution: async (name) => (await describe(arnOf(name))) !== undefined,
    execution: (name) => waitUntil(`the end of the execution ${name}`, () => endedOf(arnOf(name))),
    children: async ({ events }) => {
      const runs = events.flatMap(({ mapRunStartedEventDetails: run }) => run?.mapRunArn ?? []);
      return (await mapBounded(runs, 1, childrenOf)).flat();
    },
    stopExecution: async (name) => {
      await sfn.send(new StopExecutionCommand({ executionArn: arnOf(name), error: 'Stopped' }));
    },
    withOutput: async (uri, use) => {
      const prefix = uri.replace(/^s3:\/\/[^/]+\//, '');
      const folder = await mkdtemp(path.join(tmpdir(), 'daybreak-output-'));
      try {
        const manifest = JSON.parse(new TextDecoder().decode(await getData(`${prefix}_manifest.json`)));
        for (const { name } of (manifest as Manifest).parts)
          await writeFile(path.join(folder, name), await getData(`${prefix}${name}`));
        return await use(folder, manifest);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    close: () => {
      s3.destroy();
      sfn.destroy();
    },
  };
};
