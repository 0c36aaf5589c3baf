/** vLLM's own server as an endpoint, behind a proxy that answers 429 and 500, is slow, and breaks replies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelFolder } from '../../scripts/setup-vllm.ts';
import { type Asked, type Replied, startScriptedEndpoint } from '../io/endpoints/scripted-endpoint.ts';
import { askOracle, type GreedyAnswer } from './ask-oracle.ts';
import { ROOT } from './prepared.ts';
import { isConserved, openFolder, runModelJob } from './run-model-job.ts';

const MODEL = 'tiny';
const START_MS = 240_000;
const CONCURRENCY = 16;
const MAX_TOKENS = 12;

const { folder, close } = openFolder();
let server: ChildProcess;
let base: string;

const freePort = async (): Promise<number> => {
  const listening = createServer().listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  listening.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const isReady = (): Promise<boolean> =>
  fetch(`${base}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

beforeAll(async () => {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const named = ['--host', '127.0.0.1', '--port', String(port), '--served-model-name', MODEL];
  const sized = ['--dtype', 'float32', '--enforce-eager', '--max-num-seqs', '32', '--max-model-len', '2048'];
  server = spawn(
    path.join(ROOT, '.cache/vllm/bin/vllm'),
    ['serve', modelFolder('tiny'), ...named, ...sized],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore'],
      env: {
        ...process.env,
        HF_HUB_OFFLINE: '1',
        VLLM_NO_USAGE_STATS: '1',
        DO_NOT_TRACK: '1',
        VLLM_CPU_KVCACHE_SPACE: '1',
        VLLM_CPU_OMP_THREADS_BIND: 'nobind',
        OMP_NUM_THREADS: '1',
        PYTHONDONTWRITEBYTECODE: '',
      },
    },
  );
  const endsAt = performance.now() + START_MS;
  while (!(await isReady())) {
    if (server.exitCode !== null) throw new Error(`vllm serve ended with ${server.exitCode}`);
    if (performance.now() > endsAt) throw new Error(`vllm serve was not ready within ${START_MS} ms`);
    await pause(500);
  }
});
afterAll(async () => {
  if (server.pid !== undefined && server.exitCode === null) {
    const gone = once(server, 'exit');
    process.kill(-server.pid, 'SIGKILL');
    await gone;
  }
  close();
});

const forward = async ({ route, body }: Asked): Promise<Replied> => {
  const reply = await fetch(`${base}/v1${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: reply.status, body: await reply.json() };
};

/** The requests in which the server is said to have too much to do. */
const STORM = { from: 60, to: 90 };

const fail = async (asked: Asked): Promise<Replied | undefined> => {
  const { number } = asked;
  if (number >= STORM.from && number < STORM.to)
    return { status: 429, headers: { 'retry-after': '0' }, body: { error: { message: 'too many' } } };
  if (number % 10 === 3) return { status: 500, body: { error: { message: 'no' } } };
  if (number % 17 === 5) return { ...((await forward(asked)) as object), cutAfterBytes: 20 };
  if (number % 19 === 7) return { body: '{"choices": [' };
  return undefined;
};

it('answers every row of a server that fails now and then, asks less after 429, and then more again', async () => {
  let failures = 0;
  const proxy = await startScriptedEndpoint(async (asked) => {
    const failure = await fail(asked);
    if (failure !== undefined) {
      failures += 1;
      return failure;
    }
    if (asked.number % 13 === 8) await pause(400);
    return forward(asked);
  });
  const prompts = Array.from({ length: 240 }, (_, id) => `row ${id} of a table`);
  const infer = {
    engine: 'served',
    task: 'generate',
    model: MODEL,
    prompt: '{{ text }}',
    sampling: { temperature: 0, max_tokens: MAX_TOKENS },
    output: 'answer',
  };
  try {
    const outcome = await runModelJob(folder, {
      id: 'served',
      rows: prompts.map((text, id) => ({ id, text })),
      steps: [{ infer }],
      env: {
        DAYBREAK_ENDPOINT_SERVED_URL: proxy.url,
        DAYBREAK_ENDPOINT_SERVED_KIND: 'vllm',
        DAYBREAK_ENDPOINT_SERVED_CONCURRENCY: String(CONCURRENCY),
      },
    });
    expect(isConserved(outcome)).toBe(true);
    const answers = new Map(outcome.rows.map(({ id, answer }) => [Number(id), answer]));
    const [expected] = askOracle([
      { ask: 'greedy', model: modelFolder('tiny'), prompts, max_tokens: MAX_TOKENS },
    ]) as [readonly GreedyAnswer[]];
    expect(prompts.map((_, id) => answers.get(id))).toEqual(expected.map(({ text }) => text));
    // Each failure is asked again once, and nothing else is.
    expect(proxy.asked.filter(({ method }) => method === 'POST')).toHaveLength(prompts.length + failures);
    const mostOpen = (from: number, to: number): number =>
      Math.max(...proxy.asked.slice(from, to).map(({ open }) => open));
    expect(mostOpen(0, STORM.from)).toBeLessThanOrEqual(CONCURRENCY);
    expect(mostOpen(STORM.to, STORM.to + 10)).toBeLessThan(mostOpen(0, STORM.from));
    expect(mostOpen(STORM.to + 60, proxy.asked.length)).toBeGreaterThan(mostOpen(STORM.to, STORM.to + 10));
  } finally {
    await proxy.stop();
  }
});
