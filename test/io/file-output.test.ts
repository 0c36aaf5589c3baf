import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DaybreakError } from '../../functions/contract/errors.ts';
import { OutputClaimedError, OutputExistsError, StateError } from '../../functions/contract/errors-store.ts';
import type { Manifest } from '../../functions/contract/manifest.ts';
import { NO_ROWS } from '../../functions/core/judge-conservation.ts';
import type { FileOperations } from '../../functions/io/file-operations.ts';
import { openFileOutput } from '../../functions/io/file-output.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import type { OutputMode, PartSource } from '../../functions/io/output.ts';
import { Death, type DeathMoment, dyingFiles, pausingFiles, unsyncedFiles } from './dying-files.ts';

let root: string;
let count = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-output-'));
});
afterEach(() => rm(root, { recursive: true }));

const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 1_000_000);
const AT = '2026-11-22T00:00:00.000Z';
const never = async () => false;
const always = async () => true;
const REJECTS = '_rejects/00-map-000000-';

/** A part that lies in a local file; its size is asked of the file itself. */
const fileAt = (path: string): PartSource => ({
  store: { localPath: () => path } as Partial<ObjectStore> as ObjectStore,
  key: 'block',
  sizeBytes: 0,
});

const manifestOf = (job: string, createdAt = AT): Manifest => ({
  job,
  run: '0001',
  outcome: 'published',
  specDigest: '0'.repeat(64),
  format: 'parquet',
  columns: [{ name: 'x', type: 'BIGINT' }],
  rows: 3,
  parts: [0, 1].map((task) => ({
    name: `part-00000${task}-${job}.parquet`,
    rows: task + 1,
    sizeBytes: `${job} ${task}`.length,
    sha256: '0'.repeat(64),
  })),
  rejects: [
    { name: `${REJECTS}${job}.jsonl`, rows: 1, sizeBytes: `${job} rejects`.length, sha256: '0'.repeat(64) },
  ],
  missing: [],
  counts: NO_ROWS,
  createdAt,
});

/** All that publishing a job's output does, from the claim on. */
const publish = async (
  output: string,
  job: string,
  mode: OutputMode,
  files: FileOperations = unsyncedFiles,
) => {
  const blocks = await blocksOf(job);
  const opened = await openFileOutput(output, { job, at: AT }, files);
  await opened.claim({ mode, hasEnded: never });
  await opened.addPart(`part-000000-${job}.parquet`, fileAt(join(blocks, '0')));
  await opened.addPart(`part-000001-${job}.parquet`, fileAt(join(blocks, '1')));
  await opened.addPart(`${REJECTS}${job}.jsonl`, fileAt(join(blocks, 'rejects')));
  await opened.finish(manifestOf(job), mode);
  return opened;
};

const blocksOf = async (job: string): Promise<string> => {
  const blocks = join(root, `blocks-${job}`);
  if (existsSync(blocks)) return blocks;
  await mkdir(blocks);
  for (const name of ['0', '1', 'rejects']) await writeFile(join(blocks, name), `${job} ${name}`);
  return blocks;
};

const treeOf = async (folder: string): Promise<Record<string, string>> => {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const entries = names.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const;
  });
  return Object.fromEntries((await Promise.all(entries)).sort(([left], [right]) => (left < right ? -1 : 1)));
};

const whole = (job: string) => ({
  [`${REJECTS}${job}.jsonl`]: `${job} rejects`,
  '_daybreak.json': `${JSON.stringify({ job, at: AT })}\n`,
  '_manifest.json': `${JSON.stringify(manifestOf(job), null, 2)}\n`,
  [`part-000000-${job}.parquet`]: `${job} 0`,
  [`part-000001-${job}.parquet`]: `${job} 1`,
});

const newOutput = () => {
  count += 1;
  return join(root, `case-${count}`, 'out');
};
const beside = (output: string) => readdir(join(output, '..'));

describe('the output on files', () => {
  it('appears whole, with its manifest, and leaves nothing beside it', async () => {
    const output = newOutput();
    const opened = await publish(output, 'one', 'fail');
    expect(await treeOf(output)).toEqual(whole('one'));
    expect(await beside(output)).toEqual(['out']);
    expect(await opened.isPublished()).toBe(true);
  });

  it('shares the bytes of a block instead of copying them', async () => {
    const output = newOutput();
    await publish(output, 'one', 'fail');
    const [part, block] = await Promise.all([
      stat(join(output, 'part-000000-one.parquet')),
      stat(join(await blocksOf('one'), '0')),
    ]);
    expect(part.ino).toBe(block.ino);
  });

  it('is not there before it is finished, and leaves nothing when it is released', async () => {
    const output = newOutput();
    const opened = await openFileOutput(output, { job: 'one', at: AT });
    await opened.claim({ mode: 'fail', hasEnded: never });
    await opened.addPart('part-000000-one.parquet', fileAt(join(await blocksOf('one'), '0')));
    expect(existsSync(output)).toBe(false);
    expect(await beside(output)).toEqual(['.out.daybreak']);
    await opened.release();
    await opened.release();
    expect(await beside(output)).toEqual([]);
  });

  it('takes an empty folder for absent', async () => {
    const output = newOutput();
    await mkdir(output, { recursive: true });
    await publish(output, 'one', 'fail');
    expect(await treeOf(output)).toEqual(whole('one'));
  });

  it('replaces the old output of another job with overwrite, and leaves nothing of it', async () => {
    const output = newOutput();
    await publish(output, 'old', 'fail');
    await publish(output, 'new', 'overwrite');
    expect(await treeOf(output)).toEqual(whole('new'));
    expect(await beside(output)).toEqual(['out']);
  });

  it('goes where a link points, and keeps the link', async () => {
    const output = newOutput();
    await publish(output, 'old', 'fail');
    const linked = join(root, 'link');
    await symlink(output, linked);
    await publish(linked, 'new', 'overwrite');
    expect(await treeOf(output)).toEqual(whole('new'));
    expect(await treeOf(linked)).toEqual(whole('new'));
  });

  it('may be finished again, with another manifest too: what stands stays', async () => {
    const output = newOutput();
    const opened = await publish(output, 'one', 'fail');
    await opened.claim({ mode: 'fail', hasEnded: never });
    await opened.addPart('part-000000-one.parquet', fileAt(join(await blocksOf('one'), '1')));
    await opened.finish(manifestOf('one', '2026-11-23T00:00:00.000Z'), 'fail');
    expect(await treeOf(output)).toEqual(whole('one'));
  });

  it('leaves out what the manifest does not list', async () => {
    const output = newOutput();
    const opened = await openFileOutput(output, { job: 'one', at: AT });
    await opened.claim({ mode: 'fail', hasEnded: never });
    const blocks = await blocksOf('one');
    await opened.addPart('part-000009-one.parquet', fileAt(join(blocks, '0')));
    await opened.addPart('_rejects/00-map-000009-one.jsonl', fileAt(join(blocks, '0')));
    await publish(output, 'one', 'fail');
    expect(await treeOf(output)).toEqual(whole('one'));
  });

  it('fails with StateError where a listed part was not added, or has another size', async () => {
    const opened = await openFileOutput(newOutput(), { job: 'one', at: AT });
    await opened.claim({ mode: 'fail', hasEnded: never });
    const blocks = await blocksOf('one');
    await expect(opened.finish(manifestOf('one'), 'fail')).rejects.toThrow(StateError);
    await opened.addPart('part-000000-one.parquet', fileAt(join(blocks, 'rejects')));
    await expect(opened.finish(manifestOf('one'), 'fail')).rejects.toThrow(
      'it has 11 bytes, the manifest says 5',
    );
    expect(existsSync(opened.place)).toBe(false);
  });

  it('rejects with OutputExistsError what the mode does not replace, and touches nothing', async () => {
    const output = newOutput();
    await publish(output, 'old', 'fail');
    await expect(publish(output, 'new', 'fail')).rejects.toThrow(OutputExistsError);
    expect(await treeOf(output)).toEqual(whole('old'));
    expect(await beside(output)).toEqual(['out']);

    const foreign = newOutput();
    await mkdir(foreign, { recursive: true });
    await writeFile(join(foreign, 'thesis.txt'), 'years');
    for (const mode of ['fail', 'overwrite'] as const) {
      await expect(publish(foreign, 'new', mode)).rejects.toThrow(OutputExistsError);
      await expect(publish(join(foreign, 'thesis.txt'), 'new', mode)).rejects.toThrow('it is not a folder');
    }
    await expect(openFileOutput('/', { job: 'one', at: AT })).rejects.toThrow(
      'it is the root of the file system',
    );
    expect(await treeOf(foreign)).toEqual({ 'thesis.txt': 'years' });
    expect(await beside(foreign)).toEqual(['out']);
  });

  it('rejects with OutputExistsError, by name, what stands in an old output that its manifest does not list', async () => {
    for (const name of ['notes.txt', '_rejects/notes.txt', 'part-000002-old.parquet']) {
      const output = newOutput();
      await publish(output, 'old', 'fail');
      await writeFile(join(output, name), 'mine');
      await expect(publish(output, 'new', 'overwrite')).rejects.toThrow(OutputExistsError);
      await expect(publish(output, 'new', 'overwrite')).rejects.toThrow(`it has ${name}, which`);
      expect(await treeOf(output)).toEqual({ ...whole('old'), [name]: 'mine' });
      expect(await beside(output)).toEqual(['out']);
    }
  });

  it('rejects with OutputExistsError a folder whose manifest is of something else', async () => {
    for (const text of ['{', '{"name":"an extension"}']) {
      const output = newOutput();
      await mkdir(output, { recursive: true });
      await writeFile(join(output, '_manifest.json'), text);
      await expect(publish(output, 'new', 'overwrite')).rejects.toThrow('not one that Daybreak writes');
      expect(await treeOf(output)).toEqual({ '_manifest.json': text });
    }
  });

  it('rejects with OutputExistsError an output that was filled while the job ran', async () => {
    const output = newOutput();
    const opened = await openFileOutput(output, { job: 'one', at: AT });
    await opened.claim({ mode: 'fail', hasEnded: never });
    await mkdir(output);
    await writeFile(join(output, 'thesis.txt'), 'years');
    await expect(publish(output, 'one', 'fail')).rejects.toThrow(OutputExistsError);
    expect(await treeOf(output)).toEqual({ 'thesis.txt': 'years' });
  });

  it('rejects a part whose name is none', async () => {
    const opened = await openFileOutput(newOutput(), { job: 'one', at: AT });
    await opened.claim({ mode: 'fail', hasEnded: never });
    for (const name of ['../x', '_manifest.json', 'part-0-one.parquet', '_rejects/../x']) {
      await expect(opened.addPart(name, fileAt(join(await blocksOf('one'), '0')))).rejects.toThrow(
        'not a name',
      );
    }
  });
});

describe('the claim', () => {
  it('belongs to one job, which may take it again', async () => {
    const output = newOutput();
    const one = await openFileOutput(output, { job: 'one', at: AT });
    const two = await openFileOutput(output, { job: 'two', at: AT });
    await one.claim({ mode: 'fail', hasEnded: never });
    await one.claim({ mode: 'fail', hasEnded: never });
    await expect(two.claim({ mode: 'fail', hasEnded: never })).rejects.toThrow(OutputClaimedError);
    await expect(two.claim({ mode: 'fail', hasEnded: never })).rejects.toThrow('belongs to the job one');
    await expect(
      two.addPart('part-000000-two.parquet', fileAt(join(await blocksOf('two'), '0'))),
    ).rejects.toThrow(OutputClaimedError);
    await two.release();
    await one.claim({ mode: 'fail', hasEnded: never });
  });

  it('is taken over from a job that has ended, together with nothing of what it left', async () => {
    const output = newOutput();
    const one = await openFileOutput(output, { job: 'one', at: AT });
    await one.claim({ mode: 'fail', hasEnded: never });
    await one.addPart('part-000000-one.parquet', fileAt(join(await blocksOf('one'), '0')));
    const asked: string[] = [];
    for (const job of ['two', 'three']) {
      const next = await openFileOutput(output, { job, at: AT });
      await next.claim({ mode: 'fail', hasEnded: async (claim) => asked.push(claim.job) > 0 });
    }
    expect(asked).toEqual(['one', 'two']);
    await expect(one.finish(manifestOf('one'), 'fail')).rejects.toThrow(OutputClaimedError);
    await publish(output, 'three', 'fail');
    expect(await treeOf(output)).toEqual(whole('three'));
    expect(await beside(output)).toEqual(['out']);
  });

  it('tells a job from an earlier one of the same id', async () => {
    const output = newOutput();
    const earlier = await openFileOutput(output, { job: 'one', at: '2026-01-01T00:00:00.000Z' });
    await earlier.claim({ mode: 'fail', hasEnded: never });
    const later = await openFileOutput(output, { job: 'one', at: AT });
    await expect(later.claim({ mode: 'fail', hasEnded: never })).rejects.toThrow(OutputClaimedError);
    await later.claim({ mode: 'fail', hasEnded: always });
    await expect(
      earlier.addPart('part-000000-one.parquet', fileAt(join(await blocksOf('one'), '0'))),
    ).rejects.toThrow(OutputClaimedError);
  });

  it("goes from a run to a later one of its job, and is not the earlier run's to release", async () => {
    const output = newOutput();
    const runs = ['0001', undefined, '0002'];
    const claims = runs.map((run) => ({ job: 'one', at: AT, ...(run === undefined ? {} : { run }) }));
    const [first, waiting, second] = await Promise.all(claims.map((claim) => openFileOutput(output, claim)));
    await first?.claim({ mode: 'fail', hasEnded: never });
    await first?.addPart('part-000000-one.parquet', fileAt(join(await blocksOf('one'), '0')));
    await waiting?.claim({ mode: 'fail', hasEnded: never });
    await second?.claim({ mode: 'fail', hasEnded: never });
    const before = await treeOf(join(output, '..'));
    expect(Object.keys(before)).toContain('.out.daybreak/one/part-000000-one.parquet');
    await first?.claim({ mode: 'fail', hasEnded: never });
    await first?.release();
    await waiting?.release();
    expect(await treeOf(join(output, '..'))).toEqual(before);
    const other = await openFileOutput(output, { job: 'two', at: AT });
    const asked: unknown[] = [];
    await expect(
      other.claim({ mode: 'fail', hasEnded: async (claim) => asked.push(claim) === 0 }),
    ).rejects.toThrow(OutputClaimedError);
    expect(asked).toEqual([claims[2]]);
    await second?.release();
    expect(await beside(output)).toEqual([]);
  });

  it('fails with what to delete where nobody here knows the job that has it', async () => {
    const output = newOutput();
    const lost = await openFileOutput(output, { job: 'lost', at: AT });
    await lost.claim({ mode: 'fail', hasEnded: never });
    const one = await openFileOutput(output, { job: 'one', at: AT });
    const claiming = one.claim({ mode: 'fail', hasEnded: async () => undefined });
    await expect(claiming).rejects.toThrow(OutputClaimedError);
    const folder = join(output, '..', '.out.daybreak');
    await expect(claiming).rejects.toThrow(`the job lost, which this work folder does not know`);
    await expect(claiming).rejects.toThrow(`delete ${folder} `);
    await rm(folder, { recursive: true });
    await publish(output, 'one', 'fail');
    expect(await treeOf(output)).toEqual(whole('one'));
  });

  it('goes to one of any number who want it at once, free or to be taken over', async () => {
    for (let round = 0; round < 10; round += 1) {
      const output = newOutput();
      if (round % 2 === 1) {
        await (await openFileOutput(output, { job: 'ended', at: AT })).claim({
          mode: 'fail',
          hasEnded: never,
        });
      }
      const jobs = Array.from({ length: 8 }, (_, index) => `job-${index}`);
      const results = await Promise.allSettled(
        jobs.map(async (job) => {
          const opened = await openFileOutput(output, { job, at: AT });
          await opened.claim({ mode: 'fail', hasEnded: async (claim) => claim.job === 'ended' });
        }),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(OutputClaimedError);
      }
    }
  });

  it('fails with StateError where the claim cannot be read', async () => {
    const output = newOutput();
    await mkdir(join(output, '..', '.out.daybreak'), { recursive: true });
    await writeFile(join(output, '..', '.out.daybreak', '_daybreak.json'), '{');
    await expect(publish(output, 'one', 'fail')).rejects.toThrow(StateError);
  });
});

describe('two runners of one job', () => {
  /** The first stops before one operation, the second before another; then the first ends, then the second. */
  const cross = async (firstAt: number, secondAt: number): Promise<boolean> => {
    const output = newOutput();
    await publish(output, 'old', 'fail');
    const [first, second] = [pausingFiles(firstAt), pausingFiles(secondAt)];
    const settle = (files: FileOperations) =>
      publish(output, 'new', 'overwrite', files).catch((error: unknown) => error);
    const firstEnds = settle(first.files);
    await Promise.race([first.paused, firstEnds]);
    const secondEnds = settle(second.files);
    const isSecondPaused = await Promise.race([second.paused, secondEnds.then(() => false)]);
    first.resume();
    const ends = [await firstEnds];
    second.resume();
    ends.push(await secondEnds);
    const at = `operations ${firstAt} and ${secondAt}`;
    // One that was overtaken may have to look again; what both leave is the new output or, before it, the old one.
    for (const end of ends) if (end instanceof Error) expect(end, at).toBeInstanceOf(DaybreakError);
    await publish(output, 'new', 'overwrite');
    expect(await treeOf(output), at).toEqual(whole('new'));
    expect(await beside(output), at).toEqual(['out']);
    return isSecondPaused;
  };

  it(`publish it with overwrite, whoever overtakes whom at which operation, seed ${SEED}`, async () => {
    let crossings = 0;
    for (let firstAt = 1 + (SEED % 11); firstAt <= 70; firstAt += 11) {
      for (let secondAt = 1 + (SEED % 3); secondAt <= 90; secondAt += 3) {
        if (await cross(firstAt, secondAt)) crossings += 1;
      }
    }
    expect(crossings).toBeGreaterThan(50);
  }, 60_000);

  it('keep the new output where the late one has moved it aside', async () => {
    const output = newOutput();
    await publish(output, 'old', 'fail');
    const late = pausingFiles(({ operation, path }) => operation === 'rename' && path === output);
    const lateEnds = publish(output, 'new', 'overwrite', late.files);
    expect(await late.paused).toBe(true);
    const fast = pausingFiles(({ operation, path }) => operation === 'remove' && path.includes('_discarded'));
    const fastEnds = publish(output, 'new', 'overwrite', fast.files);
    expect(await fast.paused).toBe(true);
    expect(await treeOf(output)).toEqual(whole('new'));
    late.resume();
    await lateEnds;
    fast.resume();
    await fastEnds;
    expect(await treeOf(output)).toEqual(whole('new'));
    expect(await beside(output)).toEqual(['out']);
  });

  it('put it back where one of them died with it aside', async () => {
    for (const act of ['release', 'claim', 'take over'] as const) {
      const output = newOutput();
      await publish(output, 'new', 'fail');
      const hidden = join(output, '..', '.out.daybreak');
      await mkdir(hidden);
      await writeFile(join(hidden, '_daybreak.json'), `${JSON.stringify({ job: 'new', at: AT })}\n`);
      await rename(output, join(hidden, '_old'));
      const job = act === 'take over' ? 'other' : 'new';
      const opened = await openFileOutput(output, { job, at: AT });
      if (act === 'release') await opened.release();
      else await opened.claim({ mode: 'overwrite', hasEnded: always });
      expect(await treeOf(output), act).toEqual(whole('new'));
    }
  });
});

/** The state before an operation is the one after the last: a half operation that is atomic does nothing. */
describe.each(['half', 'after'] as const)('a death at any operation, %s done', (moment: DeathMoment) => {
  /** Runs the publishing with a death at operation 1, 2, … until one run lives to its end. */
  const dieEverywhere = async (mode: OutputMode, judge: (output: string, dieAt: number) => Promise<void>) => {
    for (let dieAt = 1; ; dieAt += 1) {
      const output = newOutput();
      if (mode === 'overwrite') await publish(output, 'old', 'fail');
      const { files, state } = dyingFiles(dieAt, moment);
      const death = await publish(output, 'new', mode, files).catch((error: unknown) => error);
      if (!state.isDead) return dieAt - 1;
      expect(death, `operation ${dieAt}`).toBeInstanceOf(Death);
      await judge(output, dieAt);
    }
  };

  const isCutOff = async (output: string): Promise<boolean> => {
    const hidden = join(output, '..', '.out.daybreak');
    if (!existsSync(join(hidden, '_old'))) return false;
    expect(await treeOf(join(hidden, '_old'))).toEqual(whole('old'));
    expect(await treeOf(join(hidden, 'new'))).toEqual(whole('new'));
    return true;
  };

  it('leaves the output absent or whole, and whole after another go', async () => {
    const operations = await dieEverywhere('fail', async (output, dieAt) => {
      if (existsSync(output)) expect(await treeOf(output), `operation ${dieAt}`).toEqual(whole('new'));
      await publish(output, 'new', 'fail');
      expect(await treeOf(output), `operation ${dieAt}`).toEqual(whole('new'));
      expect(await beside(output), `operation ${dieAt}`).toEqual(['out']);
    });
    expect(operations).toBeGreaterThan(20);
  });

  it('leaves the old output or the new one, or both whole aside, and the new one after another go', async () => {
    let cutOff = 0;
    await dieEverywhere('overwrite', async (output, dieAt) => {
      if (!existsSync(output)) cutOff += (await isCutOff(output)) ? 1 : Number.NaN;
      else expect([whole('old'), whole('new')], `operation ${dieAt}`).toContainEqual(await treeOf(output));
      await publish(output, 'new', 'overwrite');
      expect(await treeOf(output), `operation ${dieAt}`).toEqual(whole('new'));
      expect(await beside(output), `operation ${dieAt}`).toEqual(['out']);
    });
    // Between the two renames there is one place to die.
    expect(cutOff).toBe(1);
  });

  it('lets release put the old output back, unless the new one stands', async () => {
    await dieEverywhere('overwrite', async (output, dieAt) => {
      const opened = await openFileOutput(output, { job: 'new', at: AT });
      const expected = (await opened.isPublished()) ? whole('new') : whole('old');
      await opened.release();
      expect(await treeOf(output), `operation ${dieAt}`).toEqual(expected);
      expect(await beside(output), `operation ${dieAt}`).toEqual(['out']);
    });
  });

  it('lets another job take over once this one has ended, from an output that is whole', async () => {
    await dieEverywhere('overwrite', async (output, dieAt) => {
      const other = await openFileOutput(output, { job: 'other', at: AT });
      await other.claim({ mode: 'overwrite', hasEnded: always });
      expect([whole('old'), whole('new')], `operation ${dieAt}`).toContainEqual(await treeOf(output));
      await publish(output, 'other', 'overwrite');
      expect(await treeOf(output), `operation ${dieAt}`).toEqual(whole('other'));
      expect(await beside(output), `operation ${dieAt}`).toEqual(['out']);
    });
  });
});
