/** One process of the race: says `ready`, waits for `go`, commits its attempts, and says which ones stand. */
import { once } from 'node:events';
import { Commit } from '../../functions/contract/commit.ts';
import { renderTaskId } from '../../functions/contract/ids.ts';
import { Outcome } from '../../functions/contract/outcome.ts';
import { commitAttempt } from '../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../functions/io/file-store.ts';
import { putOutcome } from '../../functions/io/put-outcome.ts';
import { readStoreCases } from '../conformance/store-case.ts';

export type Told = {
  /** How many of this process's attempts were chosen. */
  readonly mine: number;
  /** For each task what each attempt was told to be the chosen one. */
  readonly chosen: readonly (readonly string[])[];
  readonly outcome: string;
};

const [root = '', racer = '', tasks = '', attempts = ''] = process.argv.slice(2);
const { commit, outcome } = readStoreCases().base;
const store = await openFileStore(root);

const attemptTask = (task: number) =>
  Promise.all(
    Array.from({ length: Number(attempts) }, (_, attempt) => {
      const ids = { task: renderTaskId(task), attempt: `${racer}${attempt}`.padEnd(24, '0') };
      return commitAttempt(store, Commit.parse({ ...commit, ...ids }));
    }),
  );

process.send?.('ready');
await once(process, 'message');
const results = [];
for (let task = 0; task < Number(tasks); task += 1) results.push(await attemptTask(task));
const kind = Number(racer) % 2 === 0 ? 'published' : 'cancelled';
const end = await putOutcome(store, Outcome.parse({ ...outcome, kind }));
const told: Told = {
  mine: results.flat().filter(({ isMine }) => isMine).length,
  chosen: results.map((each) => each.map(({ chosen }) => chosen.attempt)),
  outcome: end.chosen.kind,
};
process.send?.(told);
process.disconnect?.();
