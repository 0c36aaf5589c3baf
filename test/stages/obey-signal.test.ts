/** Law: a signal ends what is under way within a moment, in whichever statement or step it is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeLocalJob } from '../../cli/commands/prepare-job.ts';
import { withWorkdir } from '../../cli/workdir.ts';
import { openWorld } from '../../cli/world.ts';
import { withDuckDB } from '../../functions/io/duckdb-session.ts';
import { readSpec } from '../../functions/io/spec/parse-spec.ts';
import { newTallyCounts } from '../../functions/io/tallies.ts';
import { watched } from '../../functions/stages/answer-task.ts';
import { split } from '../../functions/stages/split.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybreak-signal-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Minutes, where nothing ends it. */
const LONG = 'SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b';

it('fails each statement of a task that begins after the signal', async () => {
  const options = { threads: 1, memoryBytes: 1e9, scratchDir: folder, readablePaths: [], writableDirs: [] };
  await withDuckDB(options, async (connection) => {
    const controller = new AbortController();
    const failures: string[] = [];
    const context = { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) };
    const running = watched(context, { connection, tallied: newTallyCounts() }, async () => {
      for (let statement = 0; statement < 3; statement += 1) {
        await connection.run(LONG).catch((error: unknown) => failures.push(String(error)));
      }
    });
    await expect(running).rejects.toThrow('enough');
    expect(failures).toHaveLength(3);
    for (const failure of failures) expect(failure).toMatch(/interrupt/i);
  });
}, 20_000);

it('fails with the reason of the signal at whichever step of the split it comes', async () => {
  const uri = join(folder, 'one.csv');
  await writeFile(uri, 'a\n1\n');
  const text = JSON.stringify({
    name: 'signal',
    input: { uri },
    steps: [],
    output: { uri: join(folder, 'out') },
  });
  const job = makeLocalJob(readSpec(text, { file: 'spec.json' }), { id: 'one', now: new Date(0) });
  await withWorkdir(join(folder, 'work'), async (workdir) => {
    const world = openWorld(workdir, {
      resources: { threads: 1, memoryBytes: 1e9 },
      signal: new AbortController().signal,
    });
    let ended = 0;
    for (;;) {
      let looks = 0;
      const controller = new AbortController();
      const { signal } = controller;
      const look = signal.throwIfAborted.bind(signal);
      signal.throwIfAborted = () => {
        looks += 1;
        if (looks > ended) controller.abort(new Error('enough'));
        look();
      };
      const result = await split({ ...world, signal }, job).catch((error: unknown) => error);
      if (!signal.aborted) break;
      expect(result).toMatchObject({ message: 'enough' });
      ended += 1;
    }
    expect(ended).toBeGreaterThanOrEqual(5);
  });
});
