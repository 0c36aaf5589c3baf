/** Tasks that run at once share an endpoint: its pace, its end, and never a moment without work between them. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Endpoint } from '../../../functions/io/endpoints/endpoint.ts';
import { openEndpoint } from '../../../functions/io/endpoints/open-endpoint.ts';
import type { EndpointSettings } from '../../../functions/io/endpoints/settings.ts';
import { runInferTask } from '../../../functions/stages/infer/run-infer-task.ts';
import type { TaskWork } from '../../../functions/stages/task-work.ts';
import { withConnection } from '../../io/arrow/round-trip.ts';
import { quickWorld, settingsOf, stepOf } from '../../io/endpoints/endpoint-world.ts';
import {
  type Asked,
  chatReply,
  errorReply,
  type Script,
  type ScriptedEndpoint,
  startScriptedEndpoint,
} from '../../io/endpoints/scripted-endpoint.ts';
import { type InferWorld, openInferWorld } from './infer-world.ts';

type Setting = { readonly world: InferWorld; readonly server: ScriptedEndpoint; readonly endpoint: Endpoint };

const withSetting = (
  script: Script,
  use: (setting: Setting) => Promise<void>,
  settings: Partial<EndpointSettings> = {},
): Promise<void> =>
  withConnection(async (connection) => {
    const server = await startScriptedEndpoint(script);
    const world = await openInferWorld(connection);
    const endpoint = openEndpoint(settingsOf(server.url, settings), quickWorld);
    try {
      await use({ world, server, endpoint });
    } finally {
      endpoint.close();
      await world.close();
      await server.stop();
    }
  });

const rowsOf = (rows: number): string => `
  SELECT i AS id, '{"messages":[{"role":"user","content":"row ' || i || '"}]}' AS daybreak_request,
    i::BIGINT AS daybreak_seed
  FROM range(${rows}) r(i)`;

const putTasks = async (world: InferWorld, tasks: number, rows: number): Promise<readonly TaskWork[]> => {
  const works: TaskWork[] = [];
  // One after another: they share a connection.
  for (let task = 0; task < tasks; task += 1)
    works.push(await world.workOver(rowsOf(rows), { step: stepOf(), task: `${task}`.padStart(6, '0') }));
  return works;
};

/** Runs tasks of so many rows, two at a time, as a worker with two open tasks does. */
const runTasks = async ({ world, endpoint }: Setting, tasks: number, rows: number): Promise<void> => {
  const left = (await putTasks(world, tasks, rows)).values();
  const work = async (): Promise<void> => {
    for (const each of left) {
      const commit = await runInferTask(world.contextFor(), each, endpoint);
      expect(commit.rows).toBe(rows);
    }
  };
  await Promise.all([work(), work()]);
};

it('opens no more requests for two tasks than for one', () =>
  withSetting(
    async () => {
      for (let turns = 0; turns < 5; turns += 1) await turn();
      return chatReply('hi');
    },
    async (setting) => {
      await runTasks(setting, 4, 80);
      expect(setting.server.mostOpen()).toBe(8);
    },
  ));

it('has the endpoint never without a request from the first to the last, over five tasks', async () => {
  // A reply comes when enough others are open, or nothing else can come: no time passes by itself.
  const open = new Set<() => void>();
  const rows = 5 * 40;
  let asked = 0;
  let least = Number.POSITIVE_INFINITY;
  const script: Script = async () => {
    asked += 1;
    const isEnd = asked >= rows;
    await new Promise<void>((resolve) => {
      open.add(resolve);
      if (open.size < 4 && !isEnd) return;
      for (const answer of isEnd ? [...open] : [...open].slice(0, 1)) {
        open.delete(answer);
        answer();
      }
    });
    if (asked < rows) least = Math.min(least, open.size);
    return chatReply('hi');
  };
  await withSetting(script, (setting) => runTasks(setting, 5, 40), { concurrency: 4 });
  expect(asked).toBe(rows);
  expect(least).toBeGreaterThanOrEqual(1);
});

it('falls where the endpoint takes fewer and recovers, by the count of the endpoint itself', async () => {
  const seen: (Pick<Asked, 'open' | 'number'> & { readonly most: number })[] = [];
  const most = (number: number): number => (number >= 200 && number < 700 ? 3 : 16);
  const script: Script = async ({ open, number }) => {
    seen.push({ open, number, most: most(number) });
    for (let turns = 0; turns < 10; turns += 1) await turn();
    return open > most(number) ? errorReply(429) : chatReply('hi');
  };
  await withSetting(script, (setting) => runTasks(setting, 4, 500), { concurrency: 16 });
  const openIn = (from: number, to: number): number[] =>
    seen.filter(({ number }) => number >= from && number < to).map(({ open }) => open);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.max(...openIn(100, 200))).toBe(16);
  expect(mean(openIn(400, 700))).toBeLessThanOrEqual(4);
  expect(Math.max(...openIn(1_200, 2_000))).toBeGreaterThanOrEqual(12);
  expect(seen.filter(({ open, most: allowed }) => open > allowed).length).toBeLessThan(300);
});

it('sends one request at a time to an endpoint that is out, and no storm when it is back', async () => {
  const seen: Pick<Asked, 'open' | 'number'>[] = [];
  const isOut = (number: number): boolean => number >= 100 && number < 140;
  const script: Script = async ({ open, number }) => {
    seen.push({ open, number });
    for (let turns = 0; turns < 3; turns += 1) await turn();
    return isOut(number) ? errorReply(503) : chatReply('hi');
  };
  await withSetting(script, (setting) => runTasks(setting, 2, 300), { concurrency: 16, giveUpSeconds: 30 });
  const openFrom = (from: number, to: number): number =>
    Math.max(...seen.filter(({ number }) => number >= from && number < to).map(({ open }) => open));
  // Sixteen that were open, and a few more before it is clear.
  expect(openFrom(125, 141)).toBe(1);
  expect(openFrom(141, 146)).toBeLessThanOrEqual(4);
  expect(openFrom(300, 600)).toBeGreaterThan(8);
});

it('ends all tasks by the same name where the endpoint refuses all', () =>
  withSetting(
    () => errorReply(401),
    async ({ world, endpoint, server }) => {
      const works = await putTasks(world, 2, 100);
      const ended = await Promise.allSettled(
        works.map((work) => runInferTask(world.contextFor(), work, endpoint)),
      );
      for (const end of ended) expect(end).toMatchObject({ reason: { name: 'EndpointError' } });
      expect(server.asked.filter(({ method }) => method === 'POST').length).toBeLessThanOrEqual(4);
    },
  ));

it('ends a task with the reason of its signal at once, and its requests with it, while the other goes on', () => {
  const stop = new AbortController();
  const reason = new Error('halted');
  return withSetting(
    async (asked) => {
      const isOfFirst = Number(asked.body.seed) < 1_000;
      if (!isOfFirst) return chatReply('hi');
      if (asked.open >= 2) stop.abort(reason);
      return 'silence';
    },
    async ({ world, endpoint, server }) => {
      const first = await world.workOver(rowsOf(100), { step: stepOf(), task: '000000' });
      const second = await world.workOver(rowsOf(100).replace('i::BIGINT', '(i + 1000)::BIGINT'), {
        step: stepOf(),
        task: '000001',
      });
      const failing = expect(
        runInferTask(world.contextFor({ signal: stop.signal }), first, endpoint),
      ).rejects.toBe(reason);
      const commit = await runInferTask(world.contextFor(), second, endpoint);
      await failing;
      expect(commit.rows).toBe(100);
      await expect.poll(() => server.open()).toBe(0);
    },
  );
});
