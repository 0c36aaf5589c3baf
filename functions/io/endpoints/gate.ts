import {
  type FailureKind,
  judgePatience,
  mayBegin,
  newPace,
  type Pace,
  type Patience,
  paceAfterAnswer,
  paceAfterFailure,
  paceAfterGivingUp,
} from '../../core/endpoints/adapt-concurrency.ts';
import type { RetryDelays } from '../../core/endpoints/retry-delay.ts';

/** Time and chance, so that a test decides them. */
export type GateWorld = {
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly delays: RetryDelays;
};

/**
 * Text of requests that is open at once: a row may have 10 million characters, and each of them stands in memory as
 * text, as JSON and in the socket.
 */
const OPEN_CHARACTERS = 2 ** 26;

/** Leave to make one request; exactly one of its functions is called, once. */
export type Permit = {
  /** Answers that there were when it was given. */
  readonly answers: number;
  readonly answered: () => void;
  /** What to do about it, and how many answers there are by now. */
  readonly failed: (failure: {
    readonly kind: FailureKind;
    /** What the endpoint does, for people: goes on from "the endpoint x …". */
    readonly problem?: string;
    readonly retryAfterMs?: number | undefined;
  }) => Verdict;
  /** It was taken back: nothing is learned from it. */
  readonly left: () => void;
};

/**
 * `lost`: nobody is let in from now on, and whoever is told so closes the gate. `closing`: somebody else was told.
 */
export type Verdict = {
  readonly patience: ReturnType<typeof judgePatience> | 'closing';
  readonly answers: number;
};

/** How an endpoint is doing, for people. */
export type PaceFigures = {
  readonly open: number;
  readonly waiting: number;
  /** Requests that may be open. */
  readonly limit: number;
  /** It was asked too often, or does not answer: nothing begins for so long. */
  readonly pausedMs: number;
  /** What the last request met that had no answer; goes on from "the endpoint x …". */
  readonly because?: string;
};

export type Gate = {
  /** Counts a row as under way while `ask` runs, with all its requests. */
  readonly withRow: <Result>(ask: () => Promise<Result>) => Promise<Result>;
  /**
   * Waits in order of arrival until a request may begin. Fails with the reason of `signal`, or of the closing.
   */
  readonly enter: (request: { readonly characters: number; readonly signal: AbortSignal }) => Promise<Permit>;
  /** Aborted when the gate closes. */
  readonly closed: AbortSignal;
  /** Lets nobody in any more; those who wait fail with the reason, and those who come. */
  readonly close: (reason: Error) => void;
  readonly figures: () => PaceFigures;
};

type Waiter = {
  readonly characters: number;
  readonly enter: () => void;
  readonly fail: (reason: unknown) => void;
};

/** The longest that a timer waits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Opens the one gate of an endpoint, which all tasks of the process share: see core/endpoints/adapt-concurrency. */
export const openGate = (
  { most, ...patience }: { readonly most: number } & Pick<Patience, 'giveUpMs' | 'lastRowsMs'>,
  world: GateWorld,
): Gate => {
  const closing = new AbortController();
  const waiting: Waiter[] = [];
  /** The epoch of each open request. */
  const open = new Map<symbol, { readonly epoch: number; readonly characters: number }>();
  let openCharacters = 0;
  let rows = 0;
  let isHeld = false;
  let pace: Pace = newPace(most);
  let timer: NodeJS.Timeout | undefined;
  let because: string | undefined;

  const openOfEpoch = (): number => {
    let count = 0;
    for (const { epoch } of open.values()) if (epoch === pace.epoch) count += 1;
    return count;
  };
  const fits = ({ characters }: Waiter): boolean =>
    open.size === 0 || openCharacters + characters <= OPEN_CHARACTERS;

  const letIn = (): void => {
    clearTimeout(timer);
    if (isHeld) return;
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const nowMs = world.nowMs();
      if (nowMs < pace.pausedUntilMs) {
        timer = setTimeout(letIn, Math.min(LONGEST_TIMER_MS, Math.ceil(pace.pausedUntilMs - nowMs)));
        return;
      }
      if (!mayBegin(pace, { open: open.size, openOfEpoch: openOfEpoch() }, nowMs) || !fits(first)) return;
      waiting.shift();
      first.enter();
    }
  };

  const admit = (characters: number): Permit => {
    const id = Symbol('request');
    const { epoch } = pace;
    open.set(id, { epoch, characters });
    openCharacters += characters;
    const leave = (): void => {
      if (!open.delete(id)) throw new Error('a permit was given back twice');
      openCharacters -= characters;
      letIn();
    };
    return {
      answers: pace.answers,
      answered: () => {
        pace = paceAfterAnswer(pace, { epoch, open: open.size });
        leave();
      },
      failed: ({ kind, problem, retryAfterMs }) => {
        because = problem;
        const nowMs = world.nowMs();
        const random = world.random();
        pace = paceAfterFailure(pace, { kind, epoch, nowMs, retryAfterMs, random }, world.delays);
        const judged = isHeld ? 'closing' : judgePatience(pace, { nowMs, rows, ...patience });
        if (judged === 'lost') isHeld = true;
        if (judged === 'row') pace = paceAfterGivingUp(pace);
        leave();
        return { patience: judged, answers: pace.answers };
      },
      left: leave,
    };
  };

  return {
    withRow: async (ask) => {
      rows += 1;
      try {
        return await ask();
      } finally {
        rows -= 1;
      }
    },
    enter: ({ characters, signal }) =>
      new Promise((resolve, reject) => {
        if (closing.signal.aborted) return reject(closing.signal.reason);
        if (signal.aborted) return reject(signal.reason);
        const abort = (): void => {
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(signal.reason);
          letIn();
        };
        const waiter: Waiter = {
          characters,
          enter: () => {
            signal.removeEventListener('abort', abort);
            resolve(admit(characters));
          },
          fail: (reason) => {
            signal.removeEventListener('abort', abort);
            reject(reason);
          },
        };
        signal.addEventListener('abort', abort, { once: true });
        waiting.push(waiter);
        letIn();
      }),
    closed: closing.signal,
    close: (reason) => {
      if (closing.signal.aborted) return;
      clearTimeout(timer);
      closing.abort(reason);
      for (const waiter of waiting.splice(0)) waiter.fail(reason);
    },
    figures: () => ({
      open: open.size,
      waiting: waiting.length,
      limit: pace.isProbing ? 1 : Math.floor(pace.limit),
      pausedMs: Math.max(0, Math.ceil(pace.pausedUntilMs - world.nowMs())),
      ...(because === undefined ? {} : { because }),
    }),
  };
};
