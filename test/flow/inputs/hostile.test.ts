import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isParallelRefusal } from '../../../functions/io/collect-rejects.ts';
import { type InputRequest, readRows, withFolder, withInput } from '../../io/open-input.ts';

/** A process of its own, so that the bounds are the system's: a kill after the time, the peak as it saw it. */
const LIMIT_SECONDS = 90;
/** DuckDB gets 512 MB; Node, the buffers of a reader and V8 come on top. */
const LIMIT_BYTES = 1_300_000_000;

type Answer = {
  readonly rows?: number;
  readonly rejects?: number;
  readonly name?: string;
  readonly message?: string;
  readonly peakBytes: number;
};

const read = async (request: InputRequest, tolerant = false): Promise<Answer> => {
  const child = join(import.meta.dirname, 'read-input-child.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [child, JSON.stringify({ request, tolerant })],
    {
      timeout: LIMIT_SECONDS * 1_000,
      killSignal: 'SIGKILL',
    },
  );
  const answer = JSON.parse(stdout) as Answer;
  expect(answer.peakBytes).toBeLessThan(LIMIT_BYTES);
  return answer;
};

const MEGABYTE = Buffer.alloc(1_000_000, 'x');

/** Writes `before`, 200 MB without a line end, `after`. */
const putLongLine = async (path: string, before: string, after: string): Promise<void> => {
  const parts = function* () {
    yield Buffer.from(before);
    for (let i = 0; i < 200; i++) yield MEGABYTE;
    yield Buffer.from(after);
  };
  await pipeline(Readable.from(parts()), createWriteStream(path));
};

describe('a line of 200 MB', () => {
  it.each<[string, string, string, Partial<InputRequest>, string]>([
    ['a.csv', 'a,b\n1,"', '"\n2,y\n', {}, 'InputFormatError'],
    ['b.csv', '', '', {}, 'InputFormatError'],
    ['a.jsonl', '{"a":1}\n{"a":"', '"}\n', {}, 'InputFormatError'],
  ])('is refused by name, in bounded time and memory: %s', (name, before, after, request, failure) =>
    withFolder(async (folder) => {
      const path = join(folder, name);
      await putLongLine(path, before, after);
      expect(await read({ uri: path, ...request })).toMatchObject({ name: failure });
    }),
  );

  it('is a reject in a text, in bounded time and memory', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'a.txt');
      await putLongLine(path, 'a\n', '\nb\n');
      expect(await read({ uri: path }, true)).toMatchObject({ rows: 2, rejects: 1 });
    }));
});

describe('20,000 columns', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `c${index}`);

  it.each([
    ['a.csv', `${names.join(',')}\n${names.map(() => 1).join(',')}\n`],
    ['a.tsv', `${names.join('\t')}\n`],
    ['a.jsonl', JSON.stringify(Object.fromEntries(names.map((name, index) => [name, index % 2 ? 1 : 'x'])))],
  ])('are refused by name: %s', (name, content) =>
    withFolder(async (folder) => {
      const path = join(folder, name);
      await writeFile(path, content);
      expect(await read({ uri: path })).toMatchObject({ name: 'LimitError' });
    }),
  );
});

describe('a gzip that is a thousand times larger unpacked', () => {
  it('is streamed in bounded memory', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'a.csv.gz');
      const rows = Buffer.from('1,2\n'.repeat(250_000));
      const parts = function* () {
        yield 'a,b\n';
        for (let i = 0; i < 400; i++) yield rows;
      };
      await pipeline(Readable.from(parts()), createGzip(), createWriteStream(path));
      expect(await read({ uri: path })).toMatchObject({ rows: 100_000_000 });
    }));
});

describe('quoted lines that look like rows', () => {
  it('are refused by a parallel read, and read right by a serial one', () =>
    withFolder(async (folder) => {
      const value = Array.from({ length: 500_000 }, (_, i) => `\n${i},2020-01-01,zz`).join('');
      await writeFile(join(folder, 'a.csv'), `a,b,c\n${`1,2020-01-01,"q${value}"\n`.repeat(4)}`);
      const csv = { quote: '"', header: true, max_line_size: 16_000_000 };
      await withInput(folder, { uri: '.', csv }, async (connection, input) => {
        const scanned = (scan: 'parallel' | 'serial') =>
          readRows(connection, input, { tolerant: false, scan, columns: ['a'] });
        const refusal = await scanned('parallel').catch((error: unknown) => error);
        expect(isParallelRefusal(refusal)).toBe(true);
        expect(await scanned('serial')).toHaveLength(4);
      });
    }));
});
