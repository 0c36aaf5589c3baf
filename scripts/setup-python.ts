/**
 * The Python environments of tests and benchmarks, inside the checkout at `.cache/python-{hash}`.
 *
 * Law: the name `.cache/python-{hash}` exists only when the set-up behind it is complete. Each set-up works in a
 * folder of its own and is linked to the name last, so a killed or concurrent one is never taken for a good one.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = fileURLToPath(new URL('..', import.meta.url));

/** `judges` read what Daybreak writes; `emulator` is the cloud without a cloud; `worker` runs the tests of gpu-image/. */
const ENVIRONMENTS = {
  judges: { requirements: 'test/python/requirements.txt', imports: 'duckdb, polars, pyarrow.parquet' },
  emulator: { requirements: 'test/emulator/requirements.txt', imports: 'boto3, ministack.app' },
  worker: { requirements: 'gpu-image/requirements-dev.txt', imports: 'boto3, jsonschema, pyarrow, pytest' },
} as const;
export type PythonEnvironment = keyof typeof ENVIRONMENTS;

const runLoudly = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`cannot start ${command}: is it installed?`, { cause: error });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
};

/** An environment belongs to its requirements and to the interpreter that it was made with. */
const environmentFolder = (requirements: string): string => {
  const interpreter = runLoudly('python3', [
    '-c',
    'import sys, platform; print(sys.version, platform.machine())',
  ]);
  const hash = createHash('sha256').update(readFileSync(requirements)).update(interpreter).digest('hex');
  return join(checkout, '.cache', `python-${hash.slice(0, 12)}`);
};

const setUp = (folder: string, { requirements, imports }: (typeof ENVIRONMENTS)[PythonEnvironment]): void => {
  const own = `${folder}-${randomBytes(6).toString('hex')}`;
  mkdirSync(join(checkout, '.cache'), { recursive: true });
  try {
    runLoudly('python3', ['-m', 'venv', own]);
    const pip = [
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '--no-input',
      '--requirement',
      join(checkout, requirements),
    ];
    runLoudly(join(own, 'bin/python'), pip);
    runLoudly(join(own, 'bin/python'), ['-c', `import ${imports}`]);
    symlinkSync(basename(own), folder);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    // Another process was quicker: its environment is as good as ours.
    if (!existsSync(join(folder, 'bin/python'))) throw error;
  }
};

/** The absolute path of the environment's `python`; sets it up first where it is missing (about a minute). */
export const pythonPath = (environment: PythonEnvironment = 'judges'): string => {
  const wanted = ENVIRONMENTS[environment];
  const folder = environmentFolder(join(checkout, wanted.requirements));
  if (!existsSync(join(folder, 'bin/python'))) {
    // A link to nothing is left where somebody deleted the folder behind it.
    rmSync(folder, { force: true });
    setUp(folder, wanted);
  }
  return join(folder, 'bin/python');
};

/** The absolute path of a program that the environment's packages installed, for example `tpchgen-cli`. */
export const pythonProgramPath = (program: string): string => join(pythonPath(), '..', program);

if (import.meta.main) {
  for (const environment of Object.keys(ENVIRONMENTS) as PythonEnvironment[])
    process.stdout.write(`${pythonPath(environment)}\n`);
}
