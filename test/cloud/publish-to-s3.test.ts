/** Whole jobs whose output is on S3, with the state on files and its blocks there or on S3. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeLocalJob } from '../../cli/commands/prepare-job.ts';
import { withWorkdir } from '../../cli/workdir.ts';
import { openWorld } from '../../cli/world.ts';
import { OutputExistsError } from '../../functions/contract/errors-store.ts';
import { ExecutionState } from '../../functions/contract/execution.ts';
import { Job } from '../../functions/contract/job.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { Manifest } from '../../functions/contract/manifest.ts';
import type { Plan } from '../../functions/contract/plan.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { putOnce } from '../../functions/io/put-once.ts';
import { readSpec } from '../../functions/io/spec/parse-spec.ts';
import { beginRun, claimOutput, prepareRun, type RunContext } from '../../functions/stages/begin-run.ts';
import { cancelJob } from '../../functions/stages/cancel-job.ts';
import { publishState } from '../../functions/stages/execution/next-state.ts';
import { publishExecution } from '../../functions/stages/execution/publish-execution.ts';
import { finishJob } from '../../functions/stages/finish-job.ts';
import { readJobState } from '../../functions/stages/read-job-state.ts';
import { readStage } from '../../functions/stages/read-stage.ts';
import { runTask } from '../../functions/stages/run-task.ts';
import { seal } from '../../functions/stages/seal.ts';
import { split } from '../../functions/stages/split.ts';
import { type Emulator, startEmulator } from '../emulator/start-emulator.ts';

const BUCKET = 'results';
const BLOCKS = 'blocks';
const ROWS = 4000;
const TASKS = 7;

let emulator: Emulator;
let client: S3Client;
let folder: string;
/** The requests that the client has sent, by the names of their commands. */
let requests: string[] = [];

beforeAll(async () => {
  emulator = await startEmulator();
  client = new S3Client({ ...emulator, forcePathStyle: true });
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        requests.push(commandName);
        return next(args);
      },
    { step: 'initialize', name: 'count' },
  );
  for (const Bucket of [BUCKET, BLOCKS]) await client.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  client?.destroy();
  await emulator?.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-publish-'));
  requests = [];
});
afterEach(() => rm(folder, { recursive: true }));

const textAt = async (key: string): Promise<string> => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return (await Body?.transformToString()) ?? '';
};

const namesAt = async (prefix: string): Promise<readonly string[]> => {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key.slice(prefix.length));
};

/** The rows of a published output, sorted. */
const rowsAt = async (prefix: string): Promise<readonly number[]> => {
  const manifest = Manifest.parse(JSON.parse(await textAt(`${prefix}_manifest.json`)));
  const texts = await Promise.all(manifest.parts.map(({ name }) => textAt(prefix + name)));
  const rows = texts.flatMap((text) => text.trim().split('\n')).map((line) => JSON.parse(line).x as number);
  return rows.sort((left, right) => left - right);
};

type Prepared = { readonly context: RunContext; readonly job: Job; readonly plan: Plan };

/** Runs a job until all is sealed and nothing is published; then `act`. */
const withSealedJob = (
  { id, prefix, mode = 'fail' }: { readonly id: string; readonly prefix: string; readonly mode?: string },
  act: (prepared: Prepared) => Promise<void>,
): Promise<void> =>
  withWorkdir(join(folder, 'work'), async (workdir) => {
    const input = join(folder, 'in.csv');
    await writeFile(input, `x\n${Array.from({ length: ROWS }, (_, x) => x).join('\n')}\n`);
    const local = openWorld(workdir, {
      resources: { threads: 1, memoryBytes: 5e8 },
      signal: new AbortController().signal,
    });
    const context = { ...local, s3: client };
    const spec = {
      name: 'rows',
      input: { uri: input },
      steps: [{ filter: 'x % 2 = 0' }],
      output: { uri: `s3://${BUCKET}/${prefix}`, format: 'jsonl', mode },
    };
    const parsed = readSpec(JSON.stringify(spec), { file: 'spec.json' });
    const job = makeLocalJob(parsed, { id, now: context.now(), mapTasks: TASKS });
    const wanted = await split(context, job);
    await putOnce(context.store, { key: KEYS.job.render(job), schema: Job }, job);
    await claimOutput(context, job);
    const { plan } = await beginRun(context, wanted);
    await prepareRun(context, { job, plan, wanted });
    for (const [index, stage] of plan.stageIds.entries()) {
      const position = { job: plan.job, run: plan.run, stage, index };
      const { missing } = await readStage(context.store, plan, position);
      for (const task of missing) await runTask(context, { job: plan.job, run: plan.run, stage, task });
      await seal(context, plan, position);
    }
    await act({ context, job, plan });
  });

/** The store as it were on S3, as far as an output is concerned: its blocks are there too. */
const withBlocksOnS3 = async (store: ObjectStore): Promise<ObjectStore> => {
  for await (const { key } of store.list('b/')) {
    const Body = (await store.get(key)) ?? new Uint8Array();
    await client.send(new PutObjectCommand({ Bucket: BLOCKS, Key: key, Body }));
  }
  requests = [];
  return { ...store, s3Location: (key) => ({ bucket: BLOCKS, key }) };
};

const EVEN = Array.from({ length: ROWS / 2 }, (_, index) => index * 2);

describe('a job whose output is on S3', () => {
  it('uploads the blocks of a local store', async () => {
    await withSealedJob({ id: 'local', prefix: 'local/out/' }, async ({ context, job, plan }) => {
      const finished = await finishJob(context, { job, plan, keepBlocks: false });
      expect(finished.kind).toBe('finished');
      expect(await rowsAt('local/out/')).toEqual(EVEN);
      expect((await readJobState(context, 'local')).word).toBe('published');
      const again = await finishJob(context, { job, plan, keepBlocks: false });
      expect(again.kind === 'finished' && again.manifest).toEqual(
        finished.kind === 'finished' && finished.manifest,
      );
    });
  });

  it('copies the blocks of a store on S3, of which it reads no byte', async () => {
    await withSealedJob({ id: 'remote', prefix: 'remote/out/' }, async ({ context, job, plan }) => {
      const store = await withBlocksOnS3(context.store);
      await finishJob({ ...context, store }, { job, plan, keepBlocks: false });
      expect(requests.filter((name) => name === 'CopyObjectCommand')).toHaveLength(TASKS);
      // Nothing but the claim and the manifest is put from here.
      expect(requests.filter((name) => name === 'PutObjectCommand')).toHaveLength(1);
      expect(await rowsAt('remote/out/')).toEqual(EVEN);
    });
  });

  it('stops when its time is up, and goes on where it stopped', async () => {
    await withSealedJob({ id: 'slow', prefix: 'slow/out/' }, async ({ context, job, plan }) => {
      const store = await withBlocksOnS3(context.store);
      const copies = (): number => requests.filter((name) => name === 'CopyObjectCommand').length;
      const copied: number[] = [];
      for (let kind = 'more'; kind === 'more' && copied.length < 10; ) {
        // What is there already costs no time: of each call it is enough for three more.
        let left = 3 * (copied.length + 1);
        const mayGoOn = (): boolean => {
          left -= 1;
          return left >= 0;
        };
        const before = copies();
        const result = await finishJob({ ...context, store }, { job, plan, keepBlocks: false, mayGoOn });
        copied.push(copies() - before);
        kind = result.kind;
        if (result.kind !== 'more') continue;
        expect(result.copied).toBe(3 * copied.length);
        expect(await namesAt('slow/out/')).not.toContain('_manifest.json');
      }
      expect(copied).toEqual([3, 3, 1]);
      expect(await rowsAt('slow/out/')).toEqual(EVEN);
    });
  });

  it('is published by as many calls of its function as it needs, each of which adds a part', async () => {
    await withSealedJob({ id: 'steps', prefix: 'steps/out/' }, async ({ context, job, plan }) => {
      const store = await withBlocksOnS3(context.store);
      const world = {
        ...context,
        store,
        mostTasks: 1,
        keepBlocks: false,
        mayGoOn: () => false,
        note: () => {},
      };
      let state = publishState({ job: job.job, go: 1, reopened: 0 }, plan.run);
      let calls = 0;
      for (; state.next === 'publish' && calls < 2 * TASKS; calls += 1) {
        state = await publishExecution(world, state);
        expect(ExecutionState.parse(state)).toEqual(state);
      }
      expect(state).toMatchObject({ next: 'end', outcome: 'published' });
      expect(calls).toBe(TASKS);
      expect(await rowsAt('steps/out/')).toEqual(EVEN);
    });
  });

  it('finds a block that is lost before it publishes, and one that is lost after it was found whole', async () => {
    await withSealedJob({ id: 'lost', prefix: 'lost/out/' }, async ({ context, job, plan }) => {
      const blocks: string[] = [];
      for await (const { key } of context.store.list('b/')) blocks.push(key);
      const lost = blocks[3] ?? '';
      const store: ObjectStore = {
        ...context.store,
        sums: async (key) => {
          const sums = await context.store.sums(key);
          if (key === lost) await context.store.delete(key);
          return sums;
        },
      };
      await expect(finishJob({ ...context, store }, { job, plan, keepBlocks: false })).rejects.toMatchObject({
        name: 'BlockMissingError',
        message: expect.stringContaining(lost),
      });
      expect(await namesAt('lost/out/')).not.toContain('_manifest.json');
    });
  });

  it('gives the output back when it is cancelled, and refuses one that is there', async () => {
    await withSealedJob({ id: 'first', prefix: 'shared/out/' }, async ({ context, job, plan }) => {
      expect(await namesAt('shared/out/')).toEqual(['_daybreak.json']);
      await cancelJob({ ...context, now: () => new Date() }, await readJobState(context, 'first'));
      expect(await namesAt('shared/out/')).toEqual([]);
      await expect(finishJob(context, { job, plan, keepBlocks: false })).rejects.toMatchObject({
        name: 'JobCancelledError',
      });
    });
    await withSealedJob({ id: 'second', prefix: 'shared/out/' }, async ({ context, job, plan }) => {
      await finishJob(context, { job, plan, keepBlocks: false });
    });
    const third = withSealedJob({ id: 'third', prefix: 'shared/out/' }, async () => {});
    await expect(third).rejects.toThrow(OutputExistsError);
    await withSealedJob({ id: 'fourth', prefix: 'shared/out/', mode: 'overwrite' }, async (prepared) => {
      expect(await rowsAt('shared/out/')).toEqual(EVEN);
      await finishJob(prepared.context, { ...prepared, keepBlocks: false });
    });
    expect(JSON.parse(await textAt('shared/out/_manifest.json')).job).toBe('fourth');
    expect(await namesAt('shared/out/')).toHaveLength(TASKS + 2);
  });
});
