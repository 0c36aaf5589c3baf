import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../functions/contract/errors-store.ts';
import { nodeFiles } from '../../functions/io/file-operations.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { runStoreCase } from '../conformance/run-store-cases.ts';
import { readStoreCases } from '../conformance/store-case.ts';
import { type DeathMoment, dyingFiles, unsyncedFiles } from './dying-files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-store-'));
});
afterEach(() => rm(root, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (found: Uint8Array | undefined): string | undefined =>
  found === undefined ? undefined : new TextDecoder().decode(found);
const keysOf = async (store: Awaited<ReturnType<typeof openFileStore>>, prefix = ''): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
};

const suite = readStoreCases();
describe('the conformance suite on files', () => {
  it.each(suite.cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const store = await openFileStore(root, unsyncedFiles);
    await expect(runStoreCase({ store }, suite, each)).resolves.toBeUndefined();
    expect(await readdir(join(root, '.staging'))).toEqual([]);
  });

  it('fails a store that forgets that something is there', async () => {
    const store = await openFileStore(root, unsyncedFiles);
    const forgetful = {
      ...store,
      putIfAbsent: async (key: string, value: Uint8Array) => {
        await store.put(key, value);
        return 'created' as const;
      },
    };
    const results = [];
    for (const each of suite.cases) {
      await rm(root, { recursive: true });
      await openFileStore(root, unsyncedFiles);
      results.push(
        await runStoreCase({ store: forgetful }, suite, each).then(
          () => 'passed',
          () => 'failed',
        ),
      );
    }
    expect(results.filter((result) => result === 'failed').length).toBeGreaterThan(20);
  });
});

describe('the store on files', () => {
  it('brings a commit to the disk with two fsyncs, and those of its new folders once', async () => {
    let syncs = 0;
    const counting = <Arguments extends readonly unknown[]>(act: (...args: Arguments) => Promise<void>) => {
      return (...args: Arguments): Promise<void> => {
        syncs += 1;
        return act(...args);
      };
    };
    const store = await openFileStore(root, {
      ...nodeFiles,
      writeSynced: counting(nodeFiles.writeSynced),
      syncFile: counting(nodeFiles.syncFile),
      syncFolder: counting(nodeFiles.syncFolder),
    });
    await store.putIfAbsent('jobs/a/0001/00-map/commits/000000.json', bytes('x'));
    const first = syncs;
    await store.putIfAbsent('jobs/a/0001/00-map/commits/000001.json', bytes('x'));
    expect([first, syncs - first]).toEqual([7, 2]);
  });

  it('makes a finished file and an object one, without a copy', async () => {
    const store = await openFileStore(join(root, 'store'));
    await writeFile(join(root, 'block'), 'bytes');
    await store.putFile('b/00/x', join(root, 'block'));
    const [source, object] = [await stat(join(root, 'block')), await stat(join(root, 'store/b/00/x'))];
    expect(object.ino).toBe(source.ino);
    await rm(join(root, 'block'));
    expect(text(await store.get('b/00/x'))).toBe('bytes');
  });

  it.each(['EXDEV', 'EPERM', 'EMLINK'])('copies a file that cannot be linked (%s)', async (code) => {
    const store = await openFileStore(join(root, 'store'), {
      ...nodeFiles,
      link: () => Promise.reject(Object.assign(new Error(code), { code })),
    });
    await writeFile(join(root, 'block'), 'bytes');
    await store.putFile('b/00/x', join(root, 'block'));
    expect(text(await store.get('b/00/x'))).toBe('bytes');
  });

  it('gives the path to read an object at', async () => {
    const store = await openFileStore(root);
    await store.put('a/b', bytes('x'));
    expect(await readFile(store.localPath('a/b') ?? '', 'utf8')).toBe('x');
  });

  it('rejects keys that are none, whatever is asked', async () => {
    const store = await openFileStore(join(root, 'store'));
    await writeFile(join(root, 'secret'), 'x');
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../secret',
      'a/../../secret',
      '.staging/x',
      'a/.b',
      'a\\b',
      'a\0b',
      'é',
      'a b',
      'x'.repeat(2000),
    ];
    for (const key of bad) {
      const asked: (() => unknown)[] = [
        () => store.get(key),
        () => store.put(key, bytes('')),
        () => store.putIfAbsent(key, bytes('')),
        () => store.head(key),
        () => store.delete(key),
        () => store.localPath(key),
      ];
      for (const ask of asked) await expect((async () => ask())(), key).rejects.toThrow('is not a valid key');
    }
    for (const prefix of ['/', '../', '.', 'a//', '.staging/']) {
      await expect(keysOf(store, prefix), prefix).rejects.toThrow('is not the prefix of a valid key');
    }
    await expect(store.deletePrefix('')).rejects.toThrow('a prefix to delete is empty');
    expect(await readFile(join(root, 'secret'), 'utf8')).toBe('x');
  });

  it('refuses what is reached by a link, in both directions', async () => {
    const store = await openFileStore(join(root, 'store'));
    await mkdir(join(root, 'elsewhere/deep'), { recursive: true });
    await writeFile(join(root, 'elsewhere/x'), 'theirs');
    await symlink(join(root, 'elsewhere'), join(root, 'store/jobs'));
    await mkdir(join(root, 'store/a'));
    await symlink(join(root, 'elsewhere/x'), join(root, 'store/a/x'));
    for (const key of ['jobs/x', 'jobs/deep/x', 'a/x']) {
      await expect(store.get(key), key).rejects.toThrow(StoreError);
      await expect(store.getRange(key, 0, 1), key).rejects.toThrow(StoreError);
    }
    await expect(store.put('jobs/deep/y', bytes('x'))).rejects.toThrow('is a link to');
    await expect(store.putIfAbsent('jobs/new/y', bytes('x'))).rejects.toThrow('is a link to');
    await expect(store.delete('jobs/x')).rejects.toThrow('is a link to');
    await expect(keysOf(store)).rejects.toThrow('it is a link');
    await expect(keysOf(store, 'jobs/')).rejects.toThrow('is a link to');
    await store.put('a/x', bytes('ours'));
    expect(await readFile(join(root, 'elsewhere/x'), 'utf8')).toBe('theirs');
    expect(await readdir(join(root, 'elsewhere'), { recursive: true })).toEqual(['deep', 'x']);
  });

  it('may itself be reached by a link', async () => {
    await mkdir(join(root, 'real'));
    await symlink(join(root, 'real'), join(root, 'link'));
    const store = await openFileStore(join(root, 'link'));
    await store.put('a/b', bytes('x'));
    expect(await keysOf(store)).toEqual(['a/b']);
  });

  it('shows no hidden and no foreign file', async () => {
    const store = await openFileStore(root);
    await store.put('a/b', bytes('x'));
    await writeFile(join(root, 'a/.DS_Store'), '');
    await writeFile(join(root, 'a/name with spaces'), '');
    expect(await keysOf(store)).toEqual(['a/b']);
  });

  it('sweeps what a death left behind, once it is older than a day', async () => {
    await mkdir(join(root, '.staging'));
    await writeFile(join(root, '.staging/old'), '');
    await writeFile(join(root, '.staging/new'), '');
    await utimes(join(root, '.staging/old'), new Date(0), new Date(0));
    await openFileStore(root);
    expect(await readdir(join(root, '.staging'))).toEqual(['new']);
  });

  it('fails by name where the root cannot be one, or the disk is full', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(openFileStore(join(root, 'file'))).rejects.toThrow(StoreError);
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const store = await openFileStore(root, { ...nodeFiles, writeSynced: () => Promise.reject(full) });
    await expect(store.putIfAbsent('a', bytes('x'))).rejects.toThrow(
      'the store could not put a: the disk is full; it was not done',
    );
  });

  it('says that a write may have been done when it fails after the name was taken', async () => {
    let isBroken = false;
    const broken = Object.assign(new Error('i/o error'), { code: 'EIO' });
    const store = await openFileStore(root, {
      ...nodeFiles,
      syncFolder: (path) => (isBroken ? Promise.reject(broken) : nodeFiles.syncFolder(path)),
    });
    isBroken = true;
    const failure = await store.putIfAbsent('a', bytes('x')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'StoreError', isUnknown: true });
    expect(text(await store.get('a'))).toBe('x');
  });

  it.each(['half', 'after'] as const)(
    'shows nothing unfinished after a death, operation %s done',
    async (moment: DeathMoment) => {
      for (let dieAt = 1; ; dieAt += 1) {
        const folder = join(root, `${dieAt}`);
        const { files, state } = dyingFiles(dieAt, moment);
        const attempt = async (): Promise<void> => {
          const store = await openFileStore(folder, files);
          await store.put('a/overwritten', bytes('first'));
          await store.putIfAbsent('a/b/once', bytes('whole'));
          await store.put('a/overwritten', bytes('second'));
        };
        await attempt().catch(() => undefined);
        const store = await openFileStore(folder);
        expect([undefined, 'first', 'second']).toContain(text(await store.get('a/overwritten')));
        expect([undefined, 'whole']).toContain(text(await store.get('a/b/once')));
        await store.putIfAbsent('a/b/once', bytes('whole'));
        expect(text(await store.get('a/b/once'))).toBe('whole');
        if (!state.isDead) return;
      }
    },
  );

  it('lists what a sorted set of the keys has, whatever the keys', async () => {
    const component = fc.stringMatching(/^[a-b0_=-][ab0._=-]{0,3}$/);
    const key = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), key, async (candidates, begin) => {
        // A file cannot be a folder too.
        const keys = candidates.filter((one) => !candidates.some((other) => other.startsWith(`${one}/`)));
        round += 1;
        const store = await openFileStore(join(root, `${round}`), unsyncedFiles);
        for (const each of keys) await store.put(each, bytes(each));
        expect(await keysOf(store)).toEqual([...keys].sort());
        for (const prefix of [begin, begin.slice(0, 1), `${begin}/`]) {
          expect(await keysOf(store, prefix)).toEqual(keys.filter((each) => each.startsWith(prefix)).sort());
        }
        await store.deletePrefix(begin);
        expect(await keysOf(store)).toEqual(keys.filter((each) => !each.startsWith(begin)).sort());
      }),
      { numRuns: 60 },
    );
  });
});
