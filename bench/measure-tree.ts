import { readFileSync } from 'node:fs';

export type TreeMemory = {
  /** Pages that one process alone has in memory, all processes together. */
  readonly privateBytes: number;
  /** Pages that may be in memory for others too, the engine's code above all: those of the process with the most. */
  readonly sharedBytes: number;
  readonly pids: readonly number[];
};

const readProc = (path: string): string => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    // The process ended between two looks.
    return '';
  }
};

/** A process and all its descendants; a child belongs to the thread that started it. */
const pidsOfTree = (pid: number): readonly number[] => {
  const children = readProc(`${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(pidsOfTree)];
};

const sumFields = (text: string, fields: RegExp): number =>
  [...text.matchAll(fields)].reduce((bytes, [, kilobytes]) => bytes + Number(kilobytes) * 1024, 0);

/** What a process and its descendants hold at this moment, in bytes. Only Linux says so. */
export const measureTree = (pid: number): TreeMemory => {
  const pids = pidsOfTree(pid);
  const rollups = pids.map((each) => readProc(`${each}/smaps_rollup`)).filter((text) => text !== '');
  return {
    privateBytes: rollups.reduce(
      (sum, text) => sum + sumFields(text, /^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm),
      0,
    ),
    sharedBytes: Math.max(
      0,
      ...rollups.map((text) => sumFields(text, /^Shared_(?:Clean|Dirty):\s+(\d+) kB$/gm)),
    ),
    pids,
  };
};
