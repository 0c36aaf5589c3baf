import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TaskLine } from '../contract/execution.ts';
import type { Task } from '../contract/task.ts';
import { renderTask } from './read-tasks.ts';
import type { StageContext } from './stage-context.ts';

/** Lines are small where tasks are many, and large where they are few. */
const BUFFER_BYTES = 4 * 2 ** 20;

/**
 * Puts a list of tasks, a line each, and returns where each stands in it. By way of a file, for the index of the
 * largest plan is hundreds of megabytes: of the list no more than a task and a buffer is in memory at once.
 */
export const putTasks = async (
  { store, scratchDir }: Pick<StageContext, 'store' | 'scratchDir'>,
  key: string,
  tasks: Iterable<Task>,
): Promise<readonly TaskLine[]> => {
  const folder = await mkdtemp(path.join(scratchDir, 'tasks-'));
  const file = path.join(folder, 'tasks.jsonl');
  try {
    const handle = await open(file, 'w');
    try {
      const lines = await writeLines(handle, tasks);
      await handle.close();
      await store.putFile(key, file);
      return lines;
    } finally {
      await handle.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Where each task stands in a list of just these. */
export const locateTasks = (tasks: Iterable<Task>): readonly TaskLine[] => {
  const lines: TaskLine[] = [];
  let offset = 0;
  for (const task of tasks) {
    const length = renderTask(task).byteLength;
    lines.push({ task: task.task, offset, length });
    offset += length;
  }
  return lines;
};

const writeLines = async (handle: FileHandle, tasks: Iterable<Task>): Promise<readonly TaskLine[]> => {
  const lines: TaskLine[] = [];
  let [offset, buffered, bufferedBytes] = [0, [] as Uint8Array[], 0];
  const flush = async (): Promise<void> => {
    await handle.writeFile(Buffer.concat(buffered));
    buffered = [];
    bufferedBytes = 0;
  };
  for (const task of tasks) {
    const bytes = renderTask(task);
    lines.push({ task: task.task, offset, length: bytes.byteLength });
    offset += bytes.byteLength;
    buffered.push(bytes);
    bufferedBytes += bytes.byteLength;
    if (bufferedBytes >= BUFFER_BYTES) await flush();
  }
  await flush();
  return lines;
};
