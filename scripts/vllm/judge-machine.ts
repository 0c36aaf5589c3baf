import { renderBytes } from '../../functions/core/render-units.ts';

/** What `npm run setup:vllm` has to know of a machine. */
export type MachineFacts = {
  readonly platform: string;
  readonly architecture: string;
  /** `major.minor` of glibc; undefined for another C library. */
  readonly glibc: string | undefined;
  /** Flags of the first processor, as in /proc/cpuinfo. */
  readonly cpuFlags: ReadonlySet<string>;
  readonly memoryBytes: number;
  /** Free space where the environment goes. */
  readonly freeBytes: number;
  /** Commands that were looked for and not found. */
  readonly missingCommands: readonly string[];
  /** The versions of each Python that was found. */
  readonly pythons: readonly { readonly command: string; readonly version: string }[];
};

/** The versions that the lock file has wheels for. */
export const PYTHON_VERSIONS = ['3.11', '3.12', '3.13'] as const;
/** What gcc, readelf and nm are for: see make_cuda_stubs.py. */
export const COMMANDS = ['gcc', 'readelf', 'nm'] as const;
/** The newest that a wheel of the lock file asks for. */
const GLIBC = [2, 31] as const;
/** Measured: 2.8 GB of packages and 0.4 GB of models stay; pip unpacks beside them. */
export const SIZE_BYTES = 3.2e9;
const FREE_BYTES = 5e9;
/** Measured: 2.8 GB in the process of the smallest real model; conversion takes less. */
const MEMORY_BYTES = 4e9;

const isOlder = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [foundMajor = 0, foundMinor = 0] = version.split('.').map(Number);
  return foundMajor < major || (foundMajor === major && foundMinor < minor);
};

const versionOf = (python: { readonly version: string }): string =>
  python.version.split('.').slice(0, 2).join('.');

/** The Python to use: the first in the order in which they were looked for whose version the lock file knows. */
export const choosePython = (pythons: MachineFacts['pythons']): string | undefined =>
  pythons.find((python) => (PYTHON_VERSIONS as readonly string[]).includes(versionOf(python)))?.command;

/** Everything that keeps the CPU build of vLLM from being set up here, as sentences; empty where nothing does. */
export const judgeMachine = (facts: MachineFacts): readonly string[] => {
  const { platform, architecture } = facts;
  if (platform !== 'linux' || architecture !== 'x64')
    return [
      `The CPU build of vLLM is for Linux on x86-64, and this is ${platform} on ${architecture}. Use an endpoint instead: docs/engines.md.`,
    ];
  const problems: string[] = [];
  if (facts.glibc === undefined) problems.push('It needs glibc, and this system has another C library.');
  else if (isOlder(facts.glibc, GLIBC))
    problems.push(`It needs glibc ${GLIBC.join('.')} or newer, and this system has ${facts.glibc}.`);
  if (!facts.cpuFlags.has('avx2'))
    problems.push('It needs a processor with AVX2, better with AVX-512, and this one has neither.');
  if (choosePython(facts.pythons) === undefined) {
    const found =
      facts.pythons.map(({ command, version }) => `${command} is ${version}`).join(', ') || 'none';
    problems.push(`It needs Python ${PYTHON_VERSIONS.join(', ')} with the module venv; found: ${found}.`);
  }
  if (facts.missingCommands.length > 0)
    problems.push(
      `It needs ${facts.missingCommands.join(' and ')}, which cannot be found: install a C compiler and binutils (Debian: gcc, binutils).`,
    );
  if (facts.freeBytes < FREE_BYTES)
    problems.push(
      `It needs ${renderBytes(FREE_BYTES)} of free disk while it is set up, and there are ${renderBytes(facts.freeBytes)}.`,
    );
  if (facts.memoryBytes < MEMORY_BYTES)
    problems.push(
      `It needs ${renderBytes(MEMORY_BYTES)} of memory, and this machine has ${renderBytes(facts.memoryBytes)}.`,
    );
  return problems;
};
