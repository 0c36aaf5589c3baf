import { type CsvMachine, STATES } from './csv-machine.ts';

/** Bytes a range looks at to guess whether it begins inside quotes. Part of the plan: the guess must repeat. */
export const GUESS_BYTES = 262_144;

/**
 * The states in which a range may assume that its first byte is read: inside quotes; where that byte
 * is a quote, at the start of a field, which is also where a doubled quote goes on; outside quotes.
 */
const GUESSES = [STATES.quoted, STATES.delimiter, STATES.field] as const;
export type Guess = (typeof GUESSES)[number];

/**
 * Guesses the state in which the first byte of `window` is read: the one in which the smallest share
 * of rows has not `columns` fields, the first of them where there are several: a wrong one inside
 * quotes soon meets text after a closing quote, a wrong one outside may go unseen. The guess is only
 * a matter of speed: the chain proves it or voids it.
 */
export const guessCsvState = (machine: CsvMachine, window: Uint8Array, columns: number): Guess => {
  if (machine.quoteByte < 0 || window.indexOf(machine.quoteByte) < 0) return STATES.field;
  let best: Guess = STATES.field;
  let bestShare = Number.POSITIVE_INFINITY;
  for (const guess of GUESSES) {
    if (guess === STATES.delimiter && window[0] !== machine.quoteByte) continue;
    const share = oddShare(machine, window, guess, columns);
    if (share < bestShare) [best, bestShare] = [guess, share];
    if (share === 0) break;
  }
  return best;
};

const NO_ROW_BEGINS = 1;
const BYTE_NOT_ALLOWED = 2;
/** Added where no field opens with a quote, which decides where shares are equal: the quote may be text, as in 5". */
const NO_QUOTE_OPENS = 1e-6;

/** The share of rows with another number of fields, or one of the above. */
const oddShare = (machine: CsvMachine, window: Uint8Array, guess: Guess, columns: number): number => {
  const { transitions, newlineBytes } = machine;
  let state: number = guess;
  let rows = -1;
  let oddRows = 0;
  let fields = 1;
  let rowStart = 0;
  let opensQuote = guess === STATES.field;
  for (let at = 0; at < window.length; at++) {
    const last = state;
    state = transitions[(state << 8) | (window[at] ?? 0)] ?? STATES.invalid;
    if (state === STATES.delimiter) fields++;
    if (state === STATES.quoted && last !== STATES.quoted && last !== STATES.quotedEscape) {
      opensQuote ||= last !== STATES.quoteEnd && at > 0;
    }
    if (state === STATES.invalid) return BYTE_NOT_ALLOWED;
    if (state !== STATES.rowStart) continue;
    // The first piece of a row and blank lines say nothing.
    if (rows < 0) rows = 0;
    else if (at + 1 - rowStart > newlineBytes) {
      rows++;
      if (fields !== columns) oddRows++;
    }
    rowStart = at + 1;
    fields = 1;
  }
  const share = rows < 0 ? NO_ROW_BEGINS : oddRows / Math.max(rows, 1);
  return opensQuote ? share : share + NO_QUOTE_OPENS;
};
