/**
 * Whether a step `infer` costs more than its engine: the rows of one job, in several tasks, through the worker of
 * gpu-image/; the same rows in one list through the engine class that the worker uses, and through `LLM`, which is the
 * fastest that vLLM has for a list. All sides in one go, with the same arguments of the engine, each a fresh process.
 * Seconds are from the first row in the engine to the last answer; starts are shown apart.
 *
 * `node bench/infer.ts --rows 384 --tokens 32` and `node bench/infer.ts --task embed --rows 2000`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureInfer } from '../functions/core/measure-infer.ts';
import { MODELS, modelFolder, setUpVllm } from '../scripts/setup-vllm.ts';
import { readJobCommits } from '../test/vllm/read-job-commits.ts';
import { writeSpeed } from '../test/vllm/write-speed.ts';

/** Issue 6: "at least 0.95 of the same engine class", "goal 0.88", "embeddings at least 0.9". */
const GOALS = { chat: { async: 0.95, llm: 0.88 }, embed: { async: 0.9, llm: 0.9 } } as const;
/** Tasks that the job is cut into: between two of them a worker might drain its engine. */
const TASKS = 6;
const TASK_SECONDS = 60;

const { values } = parseArgs({
  options: {
    task: { type: 'string', default: 'chat' },
    rows: { type: 'string', default: '384' },
    tokens: { type: 'string', default: '32' },
  },
});
const task = values.task === 'embed' ? 'embed' : 'chat';
const [rows, maxTokens] = [Number(values.rows), Number(values.tokens)];
const model = task === 'embed' ? 'minilm' : 'smollm2';
const root = path.resolve(import.meta.dirname, '..');
const python = setUpVllm();
const folder = mkdtempSync(path.join(tmpdir(), 'daybreak-bench-infer-'));

const WORDS =
  'the old house by the sea had four green doors and nobody ever asked who lived behind them'.split(' ');
const prompts = Array.from({ length: rows }, (_, row) => {
  const words = Array.from(
    { length: 12 },
    (_, index) => WORDS[(row * 7 + index * (row % 5) + index) % WORDS.length],
  );
  return `${row}: ${words.join(' ')}`;
});

const step = {
  task,
  engine: 'vllm',
  model: MODELS[model],
  prompt: '{{ text }}',
  output: 'answer',
  ...(task === 'chat' ? { sampling: { temperature: 0, max_tokens: maxTokens, ignore_eos: true } } : {}),
};

const runWorker = async (): Promise<{ readonly seconds: number; readonly tasks: number }> => {
  const input = path.join(folder, 'rows.jsonl');
  writeFileSync(input, prompts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const spec = path.join(folder, 'bench.yaml');
  const output = { uri: path.join(folder, 'out'), format: 'parquet' };
  writeFileSync(
    spec,
    JSON.stringify({ name: 'bench', input: { uri: input }, steps: [{ infer: step }], output }),
  );
  const workdir = path.join(folder, '.daybreak');
  // About 70 tokens a row of a chat, 15 of a text.
  const rowTokens = task === 'chat' ? 40 + maxTokens : 15;
  const tokensPerSecond = (rows * rowTokens) / TASKS / TASK_SECONDS;
  await writeSpeed(workdir, { spec: step, tokensPerSecond });
  const command = ['dist/daybreak.js', 'run', spec, '--id', 'bench', '--threads', '1', '--workdir', workdir];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the job ended with ${status}:\n${stdout}${stderr}`);
  const done = readJobCommits(folder, { job: 'bench', run: '0001', stage: '01-infer' });
  const [measured] = measureInfer(done);
  if (measured?.rows !== rows) throw new Error(`${measured?.rows} rows were answered, ${rows} were asked`);
  process.stdout.write(stdout);
  return { seconds: measured.seconds, tasks: done.length };
};

/** As the worker starts it: asked of the worker's own code. */
const engineArguments = (): object => {
  const code = `
import json, sys
from daybreak_worker.host.vllm_arguments import Device, engine_arguments
step = json.loads(sys.argv[1])
print(json.dumps(engine_arguments(step, sys.argv[2], Device("cpu", "", cache_bytes=2**30))))`;
  const planned = {
    task,
    engine: { kind: 'vllm', args: { dtype: task === 'chat' ? 'bfloat16' : 'float32' } },
    model: { contextTokens: task === 'chat' ? 8192 : 256 },
    answer: { kind: task === 'chat' ? 'text' : 'embedding' },
  };
  return JSON.parse(runPython(['-c', code, JSON.stringify(planned), modelFolder(model)], '')) as object;
};

const runPython = (args: readonly string[], input: string): string => {
  const { status, stdout, stderr } = spawnSync(python, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: {
      ...process.env,
      PYTHONPATH: path.join(root, 'gpu-image'),
      PYTHONDONTWRITEBYTECODE: '',
      HF_HUB_OFFLINE: '1',
      VLLM_NO_USAGE_STATS: '1',
      DO_NOT_TRACK: '1',
      VLLM_CPU_KVCACHE_SPACE: '1',
      VLLM_CPU_OMP_THREADS_BIND: 'nobind',
      VLLM_LOGGING_LEVEL: 'WARNING',
      OMP_NUM_THREADS: '1',
    },
  });
  if (status !== 0) throw new Error(`python ended with ${status}:\n${stderr}`);
  // vLLM has its own to say there, until after the end.
  const answer = stdout.split('\n').findLast((line) => line.startsWith('{'));
  if (answer === undefined) throw new Error(`python printed no answer:\n${stdout}`);
  return answer;
};

const runRaw = (side: 'async' | 'llm', args: object): number => {
  const { enable_log_requests: _, ...shared } = args as Readonly<Record<string, unknown>>;
  const request = { side, task, prompts, arguments: side === 'llm' ? shared : args, max_tokens: maxTokens };
  const script = path.join(import.meta.dirname, 'infer_raw.py');
  return (JSON.parse(runPython([script], JSON.stringify(request))) as { readonly seconds: number }).seconds;
};

const say = (name: string, seconds: number, more = ''): void => {
  process.stdout.write(
    `${name.padEnd(34)} ${seconds.toFixed(1)} s, ${(rows / seconds).toFixed(1)} rows/s${more}\n`,
  );
};

try {
  process.stdout.write(`${rows} rows, ${task}, ${MODELS[model]}; load ${loadavg()[0]?.toFixed(1)}\n`);
  const args = engineArguments();
  const worker = await runWorker();
  say(`the worker, ${worker.tasks} tasks`, worker.seconds);
  for (const [side, name] of [
    ['async', 'AsyncLLM, the whole list at once'],
    ['llm', 'LLM, the whole list at once'],
  ] as const) {
    const seconds = runRaw(side, args);
    const ratio = seconds / worker.seconds;
    const goal = GOALS[task][side];
    say(
      name,
      seconds,
      `; the worker has ${ratio.toFixed(2)} of it (goal ${goal}${ratio < goal ? ', missed' : ''})`,
    );
  }
  process.stdout.write(`load ${loadavg()[0]?.toFixed(1)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
