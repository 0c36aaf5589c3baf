/** Law: a task of a model that outgrew the memory is halved into what it had to read, each row once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TaskMemoryError } from '../../../functions/contract/errors-query.ts';
import type { Endpoints } from '../../../functions/io/endpoints/endpoint.ts';
import { until } from '../daybreak-process.ts';
import { listTree, outputRows, query } from '../job-folder.ts';
import { resumeInProcess, runInProcess } from '../run-in-process.ts';
import { fakeEndpoint, fakeEngines } from './fake-model.ts';

/** Two blocks of 20 pieces, in four tasks. */
const [FILES, ROWS] = [2, 1_280];

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'daybreak-outgrown-'));
  for (let file = 0; file < FILES; file += 1)
    await query(
      `COPY (SELECT i + ${file * ROWS} AS id, 'text ' || i AS body FROM range(${ROWS}) t(i)) TO '${root}/in-${file}.parquet'`,
    );
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('publishes each row once where the last task is halved', async () => {
  const workdir = join(root, 'work');
  const committed = () => listTree(workdir).filter((name) => /01-infer\/commits\/.*json$/.test(name)).length;
  const endpoint = fakeEndpoint();
  let prepared = 0;
  const endpoints: Endpoints = {
    open: async () => ({
      ...endpoint,
      prepare: async (step, signal) => {
        prepared += 1;
        if (prepared === 4) await until(() => committed() === 3, 'the other tasks');
        if (prepared === 4 || prepared === 5)
          throw new TaskMemoryError({ task: '01-infer', memoryBytes: 1, message: 'full' });
        return endpoint.prepare(step, signal);
      },
    }),
    close: () => {},
  };
  const estimate = { promptTokensPerCharacter: 0, outputTokensPerRow: 1, tokensPerSecond: 640 / 60 };
  const notes: string[] = [];
  const place = {
    id: 'outgrown',
    workdir,
    endpoints,
    engines: fakeEngines({ estimate }),
    tasks: { map: FILES, reduce: 1 },
    onNote: (line: string): void => {
      notes.push(line);
    },
  };
  const output = join(root, 'out');
  const spec = {
    name: 'outgrown',
    input: { uri: `${root}/in-*.parquet` },
    steps: [{ infer: { model: 'm', prompt: '{{ body }}', output: 'answer' } }, { select: { id: 'id' } }],
    output: { uri: output, format: 'parquet' },
  };
  // Several tasks share the memory of this process: which of them grew nobody knows.
  await expect(runInProcess({ ...place, spec })).rejects.toMatchObject({ name: 'TaskMemoryError' });
  await resumeInProcess(place);
  expect(notes.join('\n')).toMatch(/01-infer {2}the task 000003 outgrew .* is halved/);
  expect(prepared).toBe(7);
  expect(await outputRows(output)).toEqual(await query(`SELECT id FROM '${root}/in-*.parquet' ORDER BY ALL`));
});
