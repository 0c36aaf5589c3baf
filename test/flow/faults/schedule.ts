/**
 * A schedule: which faults happen at which operation on the store. Drawn from one number, so that the number
 * replays it; `DAYBREAK_SCHEDULE=<number>` runs it alone.
 */
import { createRandom } from '../../corpus/generate-csv.ts';

export const JOB_KINDS = ['csv', 'parquet', 'amended', 'modules', 'one-task'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** What happens at an operation on the store, to the one who asks for it or around them. */
export const FAULT_KINDS = [
  /** The worker or runner is gone: before the operation, or behind it without having heard of it. */
  'dies-before',
  'dies-after',
  /** The operation happens, the caller is told that nobody knows. */
  'reply-lost',
  /** The store refuses, known and not known to have done nothing. */
  'refused-503',
  'unanswered',
  /** Another runner resumes the job at this moment. */
  'second-runner',
  /** One comes that has planned otherwise: the run is superseded. */
  'other-plan',
  'cancelled',
  /** A block that stands is damaged. */
  'bit-flipped',
  'truncated',
  'deleted',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type Fault = {
  /** The operation, counted over all runners and workers from 1. */
  readonly at: number;
  readonly kind: FaultKind;
  /** 0 to 1: which block, which bit. */
  readonly pick: number;
};

/** How a runner deals with a task: once, or as an event that is delivered twice. */
export const DELIVERIES = ['once', 'once', 'again-after', 'twice-at-once'] as const;

export type Schedule = {
  readonly seed: number;
  readonly job: JobKind;
  /** Runners that begin at the same moment. */
  readonly runners: 1 | 2;
  /** Tasks that a runner has open at once. */
  readonly lanes: 1 | 2;
  readonly delivery: (typeof DELIVERIES)[number];
  /** A runner's workers go on when it dies, until they have committed. */
  readonly orphansLive: boolean;
  readonly faults: readonly Fault[];
};

/** Of those that do not end in a death, few are enough to reach every place. */
const MAX_FAULTS = 4;

const pickOf = <Item>(items: readonly Item[], share: number): Item => {
  const item = items[Math.floor(share * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

/** Draws a schedule. `operations`: how many an undisturbed job of each kind asks for. */
export const drawSchedule = (seed: number, operations: Readonly<Record<JobKind, number>>): Schedule => {
  const random = createRandom(seed);
  // The job of one task twice as often: it is the cheapest, and has every step but the moves of rows.
  const job = pickOf<JobKind>([...JOB_KINDS, 'one-task'], random());
  const faults = Array.from({ length: 1 + Math.floor(random() * MAX_FAULTS) }, () => ({
    // A little more than there are: what a fault makes somebody do again is disturbed too.
    at: 1 + Math.floor(random() * operations[job] * 1.3),
    kind: pickOf(FAULT_KINDS, random()),
    pick: random(),
  }));
  return {
    seed,
    job,
    runners: random() < 0.25 ? 2 : 1,
    lanes: random() < 0.5 ? 2 : 1,
    delivery: pickOf(DELIVERIES, random()),
    orphansLive: random() < 0.5,
    faults: faults.sort((left, right) => left.at - right.at),
  };
};

export const renderSchedule = (schedule: Schedule): string => {
  const { job, runners, lanes, delivery, orphansLive, faults } = schedule;
  const told = faults.map(({ at, kind }) => `${kind} at ${at}`).join(', ');
  const who = `${runners} ${runners === 1 ? 'runner' : 'runners'}, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`;
  return `${job}, ${who}, ${delivery}${orphansLive ? ', orphans live' : ''}: ${told}`;
};
