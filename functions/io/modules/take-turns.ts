import { setImmediate as nextTurn } from 'node:timers/promises';

/** Short against every wait of whoever watches the process, long against a turn of the event loop. */
const TURN_MS = 50;

/**
 * Lets the event loop turn where it has not for a while: functions that return at once would otherwise keep the
 * process from saying that it lives, and from hearing that it is to end, as long as their rows last.
 */
export const createTurns = (
  now: () => number = () => performance.now(),
): (() => Promise<void> | undefined) => {
  let turnedAt = now();
  return () => {
    if (now() - turnedAt < TURN_MS) return undefined;
    return nextTurn().then(() => {
      turnedAt = now();
    });
  };
};
