import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { ENGINE_VARIABLES } from '../../contract/environment.ts';
import type { FoundEngines, FoundVllm } from '../../core/choose-engine.ts';
import { withoutEndpointVariables } from '../endpoints/without-endpoint-variables.ts';
import { absentAsUndefined } from '../file-operations.ts';
import { runBounded } from './run-bounded.ts';

/** nvidia-smi answers within a second or two, and hangs where the driver does. */
const GPU_LOOK_MS = 10_000;
/** Python starts in a tenth of a second, on a cold network disk in ten. */
const PYTHON_LOOK_MS = 30_000;

/** What `npm run setup:vllm` writes when an environment is complete. */
const Description = z.looseObject({ vllm: z.string(), device: z.enum(['cuda', 'cpu']) });

/** Without importing it, which takes ten seconds and more: its version says what it was built for. */
const PROBE = `
import importlib.metadata, importlib.util, json, sys
needed = ["pyarrow", "boto3", "jsonschema"]
try:
    version = importlib.metadata.version("vllm")
except importlib.metadata.PackageNotFoundError:
    version = None
missing = [name for name in needed if importlib.util.find_spec(name) is None]
print(json.dumps({"python": sys.executable, "vllm": version, "missing": missing}))
`;
const Probed = z.object({ python: z.string(), vllm: z.string().nullable(), missing: z.array(z.string()) });

export type EngineWorld = {
  /** The folder of this package, under which `.cache/vllm` may be. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly endpoints: FoundEngines['endpoints'];
  /** Variables with keys of endpoints, by the names that are not ours. */
  readonly keyVariables: readonly string[];
  readonly signal: AbortSignal;
};

const findGpus = async ({ environment, signal }: EngineWorld): Promise<readonly string[]> => {
  const args = ['--query-gpu=name', '--format=csv,noheader'];
  const output = await runBounded({
    command: 'nvidia-smi',
    args,
    timeoutMs: GPU_LOOK_MS,
    environment,
    signal,
  });
  return (output ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
};

type Look = { readonly vllm?: FoundVllm; readonly note?: string };

/** The environment that this checkout has set up. */
const lookAtPrepared = async ({ root }: EngineWorld): Promise<Look> => {
  const folder = path.join(root, '.cache/vllm');
  const text = await absentAsUndefined(readFile(path.join(folder, 'daybreak-vllm.json'), 'utf8'));
  if (text === undefined) return {};
  const python = path.join(folder, 'bin/python');
  const { vllm: version, device } = Description.parse(JSON.parse(text));
  if ((await absentAsUndefined(stat(python))) !== undefined) return { vllm: { python, version, device } };
  return { note: `the Python of ${folder} is gone; \`npm run setup:vllm\` makes it anew` };
};

/** `who`: how a note begins that says what is missing. */
const lookAtPython = async (
  { environment, signal }: EngineWorld,
  python: string,
  who: string,
): Promise<Look> => {
  const args = ['-c', PROBE];
  const output = await runBounded({ command: python, args, timeoutMs: PYTHON_LOOK_MS, environment, signal });
  if (output === undefined) return { note: `${who} cannot be run` };
  const found = Probed.safeParse(parseJson(output));
  if (!found.success) return { note: `${who} is no Python` };
  const { vllm: version, missing, python: executable } = found.data;
  if (version === null) return { note: `${who} has no vLLM` };
  if (missing.length > 0) return { note: `${who} has vLLM ${version}, but not ${missing.join(' and ')}` };
  return {
    vllm: { python: executable, version, device: version.includes('cpu') ? 'cpu' : 'cuda' },
  };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/**
 * Looks for what can run a model: GPUs, Pythons with vLLM (the one that the environment names, the one that this
 * checkout has set up, and where there is a GPU the machine's own), and the endpoints that are configured. Every look
 * is bounded; what hangs counts as absent.
 */
export const findEngines = async (given: EngineWorld): Promise<FoundEngines> => {
  const { environment, endpoints } = given;
  // None of these commands asks an endpoint: they get no key.
  const world = { ...given, environment: withoutEndpointVariables(environment, given.keyVariables) };
  const named = environment[ENGINE_VARIABLES.python] || undefined;
  const [gpus, prepared, own] = await Promise.all([
    findGpus(world),
    lookAtPrepared(world),
    named === undefined ? {} : lookAtPython(world, named, `the Python of ${ENGINE_VARIABLES.python}`),
  ]);
  const found = gpus.length > 0 && named === undefined ? await lookAtPython(world, 'python3', 'python3') : {};
  const looks: readonly Look[] = [own, prepared, found];
  return {
    gpus,
    vllms: looks.flatMap(({ vllm }) => vllm ?? []),
    endpoints,
    notes: looks.flatMap(({ note }) => note ?? []),
  };
};
