import { Waiting } from '../../contract/dispatch.ts';
import { renderDeadlineId } from '../../contract/ids.ts';
import type { Job } from '../../contract/job.ts';
import { KEYS } from '../../contract/keys.ts';
import type { ObjectStore } from '../object-store.ts';
import { parseState, putOnce } from '../put-once.ts';

/** The name under which a job waits: in the order of deadlines, those without one last. */
const keyOf = ({ job, deadlineAt }: Pick<Job, 'job' | 'deadlineAt'>): string =>
  KEYS.waiting.render({ deadline: renderDeadlineId(deadlineAt), job });

/** Puts a job into the queue, where it does not stand there yet. Returns the go that it waits for. */
export const putWaiting = async (
  store: ObjectStore,
  job: Pick<Job, 'job' | 'deadlineAt'>,
  waiting: Waiting,
): Promise<Waiting> => {
  const { chosen } = await putOnce(store, { key: keyOf(job), schema: Waiting }, waiting);
  return chosen;
};

/** An entry of the queue, and the bytes by which it is taken out. */
export type WaitingJob = { readonly key: string; readonly waiting: Waiting; readonly bytes: Uint8Array };

/** The jobs that wait, the one with the earliest deadline first. */
export async function* listWaiting(store: ObjectStore): AsyncGenerator<WaitingJob> {
  for await (const { key } of store.list(KEYS.waiting.prefix({}))) {
    if (KEYS.waiting.parse(key) === undefined) continue;
    const entry = await readEntry(store, key);
    // Another dispatch has started it since.
    if (entry !== undefined) yield entry;
  }
}

/** The entry of a job; undefined where it does not wait. */
export const readWaiting = (
  store: ObjectStore,
  job: Pick<Job, 'job' | 'deadlineAt'>,
): Promise<WaitingJob | undefined> => readEntry(store, keyOf(job));

/** Takes an entry out, unless the job waits for another go by now; who comes late takes nothing from that one. */
export const removeWaiting = (store: ObjectStore, { key, bytes }: WaitingJob): Promise<boolean> =>
  store.deleteIfSame(key, bytes);

const readEntry = async (store: ObjectStore, key: string): Promise<WaitingJob | undefined> => {
  const bytes = await store.get(key);
  return bytes && { key, bytes, waiting: parseState({ key, schema: Waiting }, bytes) };
};

/** The ids of the jobs that wait, by the names alone. */
export async function* listWaitingNames(store: ObjectStore): AsyncGenerator<string> {
  for await (const { key } of store.list(KEYS.waiting.prefix({}))) {
    const job = KEYS.waiting.parse(key)?.job;
    if (job !== undefined) yield job;
  }
}

/** Whether a job waits. */
export const isWaiting = async (store: ObjectStore, job: string): Promise<boolean> => {
  for await (const name of listWaitingNames(store)) if (name === job) return true;
  return false;
};
