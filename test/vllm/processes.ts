/** The processes below one, as Linux lists them. */
import { readdirSync, readFileSync } from 'node:fs';

export type Process = { readonly pid: number; readonly parent: number; readonly command: string };

const read = (pid: string): Process | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before it is in brackets, and may have any characters.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid: Number(pid), parent: Number(parent), command };
  } catch {
    // It ended between two looks.
    return undefined;
  }
};

const listProcesses = (): readonly Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => read(pid) ?? []);

export const isAlive = (pid: number): boolean => read(String(pid)) !== undefined;

/** The worker of a command, what holds its engine, and the engine itself; each undefined where it is not there. */
export type WorkerProcesses = {
  readonly supervisor: Process | undefined;
  readonly host: Process | undefined;
  readonly engine: Process | undefined;
};

export const findWorkerProcesses = (command: number): WorkerProcesses => {
  const all = listProcesses();
  const below = (parent: number | undefined, sign: string): Process | undefined =>
    all.find((each) => each.parent === parent && each.command.includes(sign));
  const supervisor = below(command, 'daybreak_worker');
  const host = below(supervisor?.pid, 'vllm_host');
  return { supervisor, host, engine: below(host?.pid, 'EngineCore') };
};
