import { type CsvMachine, STATES } from './csv-machine.ts';

/** Bytes a range looks at to guess whether it begins inside quotes. Part of the plan: the guess must repeat. */
export const GUESS_BYTES = 262_144;

/** The state in which a range assumes that the byte `newline.length` before its start is read. */
export type Guess = typeof STATES.field | typeof STATES.quoted;

/**
 * Guesses whether `window` begins outside or inside quotes: by the share of its rows that have not
 * `columns` fields. Outside wins where both are equal. The guess is only a matter of speed: the
 * chain proves it or voids it.
 */
export const guessCsvState = (machine: CsvMachine, window: Uint8Array, columns: number): Guess => {
  if (machine.quoteByte < 0 || window.indexOf(machine.quoteByte) < 0) return STATES.field;
  const outside = oddShare(machine, window, STATES.field, columns);
  if (outside === 0) return STATES.field;
  return oddShare(machine, window, STATES.quoted, columns) < outside ? STATES.quoted : STATES.field;
};

/** The share of rows with another number of fields; 1 where no row begins; 2 where a byte is not allowed. */
const oddShare = (machine: CsvMachine, window: Uint8Array, guess: Guess, columns: number): number => {
  const { transitions, newlineBytes } = machine;
  let state: number = guess;
  let rows = -1;
  let oddRows = 0;
  let fields = 1;
  let rowStart = 0;
  for (let at = 0; at < window.length; at++) {
    state = transitions[(state << 8) | (window[at] ?? 0)] ?? STATES.invalid;
    if (state === STATES.delimiter) fields++;
    if (state === STATES.invalid) return 2;
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
  return rows < 0 ? 1 : oddRows / Math.max(rows, 1);
};
