/**
 * Law: a block that is damaged, cut short or gone is found by name before a row of it counts. The run is superseded,
 * the next one does again what is lost and adopts the rest; where blocks go again and again the job fails by name.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runJob } from '../../../cli/run-job.ts';
import { withWorkdir } from '../../../cli/workdir.ts';
import { openWorld } from '../../../cli/world.ts';
import { Job } from '../../../functions/contract/job.ts';
import { KEYS, renderBlockKey } from '../../../functions/contract/keys.ts';
import type { Report } from '../../../functions/contract/report.ts';
import { Sealed } from '../../../functions/contract/sealed.ts';
import { listCommits } from '../../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { putOnce } from '../../../functions/io/put-once.ts';
import { readOutcome } from '../../../functions/io/put-outcome.ts';
import { judgeOutput, outputRows } from '../job-folder.ts';
import { poolOfOne } from '../run-in-process.ts';
import { type PreparedJob, prepareJob } from './jobs.ts';

const RESOURCES = { threads: 1, memoryBytes: 256e6 };

let folder: string;
let prepared: PreparedJob;
let expected: Awaited<ReturnType<typeof outputRows>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-lost-'));
  prepared = await withWorkdir(join(folder, 'planning'), (workdir) =>
    prepareJob(
      openWorld(workdir, { resources: RESOURCES, signal: new AbortController().signal }),
      'csv',
      folder,
    ),
  );
  await run(await mkdtemp(join(folder, 'work-')), (store) => store);
  expected = await outputRows(prepared.output);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (
  workdir: string,
  wrap: (store: ObjectStore) => ObjectStore,
  notes: string[] = [],
): Promise<Report> => {
  const { job, wanted, output } = prepared;
  await rm(output, { recursive: true, force: true });
  return withWorkdir(workdir, async (opened) => {
    const { store: plain, worker } = opened;
    const store = wrap(plain);
    const signal = new AbortController().signal;
    const context = openWorld({ ...opened, store }, { resources: RESOURCES, signal });
    await putOnce(plain, { key: KEYS.job.render(job), schema: Job }, job);
    const view = {
      update: () => {},
      finish: () => {},
      close: () => {},
      note: (line: string) => notes.push(line),
    };
    return runJob({ context, worker, view, keepBlocks: false, pool: poolOfOne(context) }, job, wanted);
  });
};

type Damage = (path: string) => Promise<void>;
const replaceBytes = async (path: string, change: (bytes: Buffer) => Uint8Array): Promise<void> => {
  await writeFile(`${path}.new`, change(await readFile(path)));
  await rename(`${path}.new`, path);
};
const DAMAGES: Readonly<Record<string, { readonly damage: Damage; readonly name: string }>> = {
  'with a flipped bit': {
    name: 'BlockCorruptError',
    damage: (path) =>
      replaceBytes(path, (bytes) => {
        const at = Math.floor(bytes.length / 2);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
        return bytes;
      }),
  },
  'cut short': {
    name: 'BlockCorruptError',
    damage: (path) => replaceBytes(path, (bytes) => bytes.subarray(0, bytes.length - 9)),
  },
  deleted: { name: 'BlockMissingError', damage: (path) => rm(path) },
};

/** A store on which the first block that a seal of the stage counts is damaged just after, `times` times. */
const damaging =
  (stage: string, damage: Damage, times = 1) =>
  (store: ObjectStore): ObjectStore => {
    let left = times;
    return {
      ...store,
      putIfAbsent: async (key, bytes) => {
        const result = await store.putIfAbsent(key, bytes);
        const ids = KEYS.sealed.parse(key);
        if (ids?.stage !== stage || left === 0) return result;
        left -= 1;
        const sealed = Sealed.parse(JSON.parse(new TextDecoder().decode(bytes)));
        const [task = '', ownRun = '', attempt = ''] = sealed.commits[0] ?? [];
        const format = stage === '02-reduce' ? 'parquet' : 'arrow';
        const block = { job: sealed.job, run: ownRun, stage, task, attempt, format } as const;
        await damage(store.localPath(renderBlockKey(block)) ?? '');
        return result;
      },
    };
  };

const attemptsOf = async (workdir: string, runId: string, stage: string): Promise<readonly string[]> => {
  const commits = await listCommits(await openFileStore(workdir), {
    job: prepared.job.job,
    run: runId,
    stage,
  });
  return commits.map(({ task, run: ownRun, attempt }) => `${task} ${ownRun} ${attempt}`);
};

describe.each(['00-map', '01-reduce', '02-reduce'])('a block of %s that was counted', (stage) => {
  it.each(Object.keys(DAMAGES))('is found by name and made again: %s', async (how) => {
    const { damage, name } = DAMAGES[how] ?? { name: '', damage: async () => {} };
    const workdir = await mkdtemp(join(folder, 'work-'));
    const notes: string[] = [];
    const report = await run(workdir, damaging(stage, damage), notes);
    expect(report).toMatchObject({ outcome: 'published', run: '0002' });
    expect(report.rows).toEqual({ read: 600, written: 3, rejected: 7 });
    expect(await outputRows(prepared.output)).toEqual(expected);
    judgeOutput(prepared.output);
    const outcome = await readOutcome(await openFileStore(workdir), { job: prepared.job.job, run: '0001' });
    expect(outcome).toMatchObject({ kind: 'superseded', failure: { name } });
    expect(notes.join('\n')).toContain('the next run does again what is lost');
    // Of the stage that lost a block, only that task is done again, where its input is still there.
    const [first, second] = [
      await attemptsOf(workdir, '0001', stage),
      await attemptsOf(workdir, '0002', stage),
    ];
    if (stage === '00-map') expect(second.slice(1)).toEqual(first.slice(1));
    expect(second[0]).not.toBe(first[0]);
  });
});

describe('blocks that go again and again', () => {
  it('fail the job by name after three more runs, with nothing published; a resume goes on', async () => {
    const workdir = await mkdtemp(join(folder, 'work-'));
    const failing = run(
      workdir,
      damaging('00-map', (path) => rm(path), 4),
    );
    await expect(failing).rejects.toMatchObject({ name: 'BlockMissingError' });
    expect(existsSync(prepared.output)).toBe(false);
    const store = await openFileStore(workdir);
    const kinds = await Promise.all(
      ['0001', '0002', '0003', '0004'].map(async (runId) => {
        return (await readOutcome(store, { job: prepared.job.job, run: runId }))?.kind;
      }),
    );
    expect(kinds).toEqual(['superseded', 'superseded', 'superseded', 'failed']);
    expect(await run(workdir, (plain) => plain)).toMatchObject({ outcome: 'published', run: '0005' });
    expect(await outputRows(prepared.output)).toEqual(expected);
  });
});

describe('rejects that are gone', () => {
  it('make their stage run again, whatever stands behind it', async () => {
    const workdir = await mkdtemp(join(folder, 'work-'));
    const store = await openFileStore(workdir);
    const notes: string[] = [];
    const losing = (plain: ObjectStore): ObjectStore => ({
      ...plain,
      putIfAbsent: async (key, bytes) => {
        const result = await plain.putIfAbsent(key, bytes);
        if (key.endsWith('0001/02-reduce/sealed.json')) {
          const stage = { job: prepared.job.job, run: '0001', stage: '00-map' };
          const [commit] = (await listCommits(store, stage)).filter(({ rejects }) => rejects !== undefined);
          if (commit?.rejects === undefined) throw new Error('no rows were rejected');
          await plain.delete(KEYS.rejects.render({ ...commit, format: commit.rejects.format }));
        }
        return result;
      },
    });
    const report = await run(workdir, losing, notes);
    expect(report).toMatchObject({ outcome: 'published', run: '0002', rows: { rejected: 7 } });
    expect(await outputRows(prepared.output)).toEqual(expected);
  });
});
