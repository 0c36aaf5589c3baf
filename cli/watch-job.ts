/**
 * Looks at a job until it has ended, and shows it in the words of a local run. It only reads: what it misses, the next
 * look finds, and a look that fails is one look less.
 */
import { JobStoppedError } from '../functions/contract/errors-cloud.ts';
import { JobNotFoundError, StoreError } from '../functions/contract/errors-store.ts';
import {
  type JobFacts,
  type JobState,
  type JobWorld,
  readJobState,
} from '../functions/stages/read-job-state.ts';
import type { ProgressView } from './progress.ts';
import { showJob, startShowing } from './show-job.ts';

export type Watcher = {
  readonly world: JobWorld;
  readonly view: ProgressView;
  readonly now: () => Date;
  /** Ends early, by failing, where the watcher is to stop. */
  readonly pause: (milliseconds: number) => Promise<void>;
};

export type WatchWish = {
  readonly job: string;
  /** How the job stood before it was asked to go on: until that changes, its end is an earlier one. */
  readonly before?: JobFacts;
  /** How long a job may be unknown, or in nobody's hands, before that counts. */
  readonly patienceMs: number;
};

/** Where somebody only looks: a moment in which one hand gives the job to the next. */
export const PATIENCE_MS = 15_000;
/** Behind a message that was just sent: its second delivery comes after six minutes. */
export const SENT_PATIENCE_MS = 10 * 60_000;

/** A cold start and a queue take a few seconds. */
const UNTAKEN_MS = 30_000;

/** Looks come more and more seldom, up to the last: a look is some ten requests. A stage that ends makes them soon again. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
const PAUSE_GROWTH = 1.3;

/** Each comes after all tries of the SDK, so this is minutes of a store that does not answer. */
const MAX_FAILED_LOOKS = 20;

const ENDED: ReadonlySet<JobFacts['word']> = new Set([
  'published',
  'partial',
  'cancelled',
  'failed',
  'refused',
]);

/**
 * Gives the job as it ended. Fails with JobNotFoundError, with JobStoppedError where nobody works on it any more, and
 * with StoreError.
 */
export const watchJob = async (watcher: Watcher, wish: WatchWish): Promise<JobState> => {
  const { now, pause } = watcher;
  const showing = startShowing(watcher);
  let pauseMs = FIRST_PAUSE_MS;
  let failedLooks = 0;
  let isTold = false;
  // Since when nobody has been at it.
  let aloneAt: number | undefined;
  for (;;) {
    const look = await lookAt(watcher, wish);
    failedLooks = look.kind === 'failed' ? failedLooks + 1 : 0;
    if (look.kind === 'failed' && failedLooks > MAX_FAILED_LOOKS) throw look.error;
    if (look.kind === 'state') {
      const progress = await showJob(showing, look.state);
      if (progress === 'ended-a-stage') pauseMs = FIRST_PAUSE_MS;
      if (hasEnded(look.state)) return look.state;
    }
    const isAlone =
      look.kind === 'unknown' ||
      look.kind === 'alone' ||
      (look.kind === 'state' && look.state.word === 'interrupted');
    if (look.kind !== 'failed') aloneAt = isAlone ? (aloneAt ?? now().getTime()) : undefined;
    const aloneMs = aloneAt === undefined ? 0 : now().getTime() - aloneAt;
    if (look.kind === 'unknown' && aloneMs > UNTAKEN_MS && !isTold) {
      isTold = true;
      watcher.view.note(
        `nobody has taken the job ${wish.job} yet; the log of the function start, and the dead letters, say why`,
      );
    }
    if (aloneMs > wish.patienceMs) {
      if (look.kind === 'unknown') throw look.error;
      throw new JobStoppedError({ job: wish.job, seconds: Math.round(aloneMs / 1000) });
    }
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
  }
};

type Look =
  | { readonly kind: 'state'; readonly state: JobState }
  /** It stands as before; somebody is about to take it, or nobody is. */
  | { readonly kind: 'pending' | 'alone' }
  | { readonly kind: 'unknown'; readonly error: JobNotFoundError }
  | { readonly kind: 'failed'; readonly error: StoreError };

const lookAt = async ({ world }: Watcher, { job, before }: WatchWish): Promise<Look> => {
  try {
    const state = await readJobState(world, job);
    if (before === undefined || !isSame(before, state)) return { kind: 'state', state };
    return { kind: (await world.findPresence({ job })) === 'nobody' ? 'alone' : 'pending' };
  } catch (error) {
    if (error instanceof JobNotFoundError) return { kind: 'unknown', error };
    // Throttling, an answer that was lost, a network that is away: no news.
    if (error instanceof StoreError && error.isUnknown) return { kind: 'failed', error };
    throw error;
  }
};

/** Whether a job stands as it did: the end of a run or a report is never the same twice. */
const isSame = (before: JobFacts, now: JobFacts): boolean =>
  ENDED.has(now.word) &&
  before.plan?.run === now.plan?.run &&
  before.outcome?.at === now.outcome?.at &&
  before.report?.finishedAt === now.report?.finishedAt;

/** A result is told by its report, which comes last. */
const hasEnded = ({ word, report }: JobState): boolean =>
  ENDED.has(word) && (report?.outcome === word || (word !== 'published' && word !== 'partial'));
