import { setTimeout as pause } from 'node:timers/promises';
import { JobCancelledError } from '../../functions/contract/errors-store.ts';
import { EXIT_CODES } from '../../functions/contract/failures.ts';
import type { JobState } from '../../functions/stages/read-job-state.ts';
import type { PlaceOptions } from '../cloud/place-options.ts';
import { concludeWatch } from '../conclude-watch.ts';
import { withInterrupt } from '../interrupt.ts';
import { openPlace, type Place } from '../place.ts';
import { openProgress } from '../progress.ts';
import { PATIENCE_MS, type WatchWish, watchJob } from '../watch-job.ts';

export type WatchOptions = PlaceOptions & { readonly json?: boolean };

/** `daybreak watch`: shows a job until it ends, and ends as it does. */
export const watch = async (job: string, options: WatchOptions): Promise<void> =>
  watchAt(await openPlace(options), { job, patienceMs: PATIENCE_MS }, options);

/** Watches a job of a place and prints its result; Ctrl-C ends the watching, not the job. */
export const watchAt = async (place: Place, wish: WatchWish, options: WatchOptions): Promise<void> => {
  const { world, hint } = place;
  const { job } = wish;
  const view = openProgress(process.stderr);
  const stopped = new JobCancelledError({ job });
  let ended: JobState;
  try {
    ended = await withInterrupt(
      () => stopped,
      (signal) => {
        const wait = async (milliseconds: number): Promise<void> => {
          await pause(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
        };
        return watchJob({ world, view, now: world.now, pause: wait }, wish);
      },
      'no longer watching; the job goes on',
    );
  } catch (error) {
    if (error !== stopped) throw error;
    view.note(hint(`\`daybreak watch ${job}\` looks at it again, \`daybreak cancel ${job}\` ends it`));
    process.exitCode = EXIT_CODES.cancelled;
    return;
  } finally {
    view.close();
  }
  await concludeWatch(ended, { ...options, hint });
};
