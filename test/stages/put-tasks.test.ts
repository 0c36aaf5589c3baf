import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderTaskId } from '../../functions/contract/ids.ts';
import type { Task } from '../../functions/contract/task.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { locateTasks, putTasks } from '../../functions/stages/put-tasks.ts';
import { readTaskAt, readWeights } from '../../functions/stages/read-tasks.ts';
import { announceSeed } from '../oracle/grammar.ts';

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-tasks-'));
  store = await openFileStore(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const KEY = 'jobs/a/0001/00-map/index-000000000000000000000001.jsonl';

/** A task whose line has as many extents as it is told. */
const taskOf = (number: number, extents: number): Task => ({
  kind: 'partitions',
  task: renderTaskId(number),
  weightBytes: extents * 10,
  first: number,
  end: number + 1,
  sources: [
    [
      renderTaskId(0),
      '0001',
      'a'.repeat(24),
      Array.from({ length: extents }, (_, at) => [at * 10, 10, 4_294_967_295, 3]),
    ],
  ],
});

describe('putTasks', () => {
  it('says of each task where it stands in the list, whatever their sizes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }), async (sizes) => {
        const tasks = sizes.map((extents, number) => taskOf(number, extents));
        const lines = await putTasks({ store, scratchDir: folder }, KEY, tasks);
        expect(lines).toEqual(locateTasks(tasks));
        for (const [number, line] of lines.entries())
          expect(await readTaskAt(store, KEY, line)).toEqual(tasks[number]);
        expect(await readWeights(store, KEY)).toEqual(
          tasks.map(({ task, weightBytes }) => [task, weightBytes]),
        );
      }),
      announceSeed('tasks', 30),
    );
    expect(await readdir(folder)).toEqual(['store']);
  });

  it('has written what came first before it takes what comes last', async () => {
    const written: number[] = [];
    const writtenBytes = (): number => {
      const own = readdirSync(folder).find((name) => name.startsWith('tasks-')) ?? '';
      return statSync(join(folder, own, 'tasks.jsonl')).size;
    };
    function* tasks(): Generator<Task> {
      for (let number = 0; number < 4; number += 1) {
        written.push(writtenBytes());
        // A line of about 2.5 MB each.
        yield taskOf(number, 100_000);
      }
    }
    await putTasks({ store, scratchDir: folder }, KEY, tasks());
    expect(written[0]).toBe(0);
    expect(written[3]).toBeGreaterThan(4e6);
  });
});
