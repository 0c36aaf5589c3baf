import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeOnce, pointTo } from '../../scripts/make-once.ts';
import { withFolder } from '../io/open-input.ts';

/** Above what Linux gives: nobody has it. */
const DEAD = 2 ** 22 + 1;

const write = (text: string) => (folder: string) => writeFileSync(path.join(folder, 'file'), text);
const read = (name: string): string => readFileSync(path.join(name, 'file'), 'utf8');
const within = (use: (parent: string, name: string) => void): Promise<void> =>
  withFolder(async (parent) => use(parent, path.join(parent, 'made')));

const leave = (parent: string, folder: string, maker: string): void => {
  mkdirSync(path.join(parent, folder));
  writeFileSync(path.join(parent, `${folder}.making`), maker);
};

describe('makeOnce', () => {
  it('makes what is not there, and nothing twice', () =>
    within((parent, name) => {
      makeOnce(name, write('first'));
      makeOnce(name, () => expect.unreachable());
      expect(read(name)).toBe('first');
      expect(readdirSync(parent).filter((entry) => entry.endsWith('.making'))).toEqual([]);
    }));

  it('has no name before all is made, and none where making fails', () =>
    within((parent, name) => {
      const fail = (): void => {
        expect(existsSync(name)).toBe(false);
        throw new Error('no disk');
      };
      expect(() => makeOnce(name, fail)).toThrow('no disk');
      expect(readdirSync(parent)).toEqual([]);
      makeOnce(name, write('again'));
      expect(read(name)).toBe('again');
    }));

  it('keeps the work of the first that ends where several make it at once', () =>
    within((parent, name) => {
      makeOnce(name, (own) => {
        makeOnce(name, write('quick'));
        write('slow')(own);
      });
      expect(read(name)).toBe('quick');
      expect(readdirSync(parent)).toHaveLength(2);
    }));

  it('sweeps what a killed maker of this host has left, and nothing of one that lives or that may', () =>
    within((parent, name) => {
      leave(parent, 'killed', `${DEAD}@${hostname()}`);
      leave(parent, 'alive', `${process.pid}@${hostname()}`);
      leave(parent, 'elsewhere', `${DEAD}@another-host`);
      makeOnce(name, write('new'));
      const left = readdirSync(parent).filter((entry) => !entry.startsWith('made'));
      expect(left.sort()).toEqual(['alive', 'alive.making', 'elsewhere', 'elsewhere.making']);
    }));

  it('keeps a folder that was named, although its maker was killed before it could say so', () =>
    within((parent, name) => {
      makeOnce(name, write('good'));
      const [target = ''] = readdirSync(parent).filter((entry) => entry.startsWith('made-'));
      writeFileSync(path.join(parent, `${target}.making`), `${DEAD}@${hostname()}`);
      makeOnce(path.join(parent, 'other'), write('other'));
      expect(read(name)).toBe('good');
      expect(existsSync(path.join(parent, `${target}.making`))).toBe(false);
    }));

  it('makes anew what somebody deleted behind the name', () =>
    within((parent, name) => {
      makeOnce(name, write('old'));
      const [target = ''] = readdirSync(parent).filter((entry) => entry.startsWith('made-'));
      rmSync(path.join(parent, target), { recursive: true });
      makeOnce(name, write('new'));
      expect(read(name)).toBe('new');
    }));
});

describe('pointTo', () => {
  it('lets a name mean another folder from one moment to the next', () =>
    within((parent, name) => {
      for (const text of ['one', 'two']) {
        mkdirSync(path.join(parent, text));
        write(text)(path.join(parent, text));
        pointTo(name, path.join(parent, text));
        expect(read(name)).toBe(text);
      }
      expect(readdirSync(parent).sort()).toEqual(['made', 'one', 'two']);
    }));
});
