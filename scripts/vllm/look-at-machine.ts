import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { COMMANDS, type MachineFacts, PYTHON_VERSIONS } from './judge-machine.ts';

/** A command that says its version does so at once, or is broken. */
const LONGEST_MS = 20_000;

const outputOf = (command: string, args: readonly string[]): string | undefined => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: LONGEST_MS });
  return status === 0 ? stdout.trim() : undefined;
};

/** Also proves that an environment can be made: some systems ship Python without venv. */
const PYTHON_PROBE = 'import ensurepip, venv, platform; print(platform.python_version())';

const findPythons = (): MachineFacts['pythons'] =>
  ['python3', ...PYTHON_VERSIONS.map((version) => `python${version}`)].flatMap((command) => {
    const version = outputOf(command, ['-c', PYTHON_PROBE]);
    return version === undefined ? [] : [{ command, version }];
  });

const findCpuFlags = (): ReadonlySet<string> => {
  if (!existsSync('/proc/cpuinfo')) return new Set();
  const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  return new Set(flags.split(' '));
};

/** The version of glibc that Node runs with; its report names none where there is another library. */
const findGlibc = (): string | undefined => {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }; // untyped in @types/node
  return header?.glibcVersionRuntime;
};

/** Looks at what `judgeMachine` judges. `folder`: an existing one on the disk in question. */
export const lookAtMachine = (folder: string): MachineFacts => {
  const { bavail, bsize } = statfsSync(folder);
  return {
    platform: process.platform,
    architecture: process.arch,
    glibc: findGlibc(),
    cpuFlags: findCpuFlags(),
    memoryBytes: totalmem(),
    freeBytes: bavail * bsize,
    missingCommands: COMMANDS.filter((command) => outputOf(command, ['--version']) === undefined),
    pythons: findPythons(),
  };
};
