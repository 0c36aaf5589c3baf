import { StringDecoder } from 'node:string_decoder';
import { renderBytes } from '../../core/render-units.ts';

/** Enough to see what a module complains of; all of it belongs in a file that the module writes. */
const TASK_LINES = 10;
const LINE_CHARACTERS = 300;
/** Of all tasks of a command. */
const TOTAL_LINES = 100;
/** What is kept of a task: a story, no data. */
const KEPT_BYTES = 2 ** 20;
/** The same of all tasks of a command: each of thousands may print. */
const TOTAL_KEPT_BYTES = 64 * 2 ** 20;

export type OutputBudget = { linesLeft: number; droppedBytes: number; keptBytesLeft: number };

export const newOutputBudget = (): OutputBudget => ({
  linesLeft: TOTAL_LINES,
  droppedBytes: 0,
  keptBytesLeft: TOTAL_KEPT_BYTES,
});

/** What one task's process prints, on both of its streams. */
export type TaskOutput = {
  readonly write: (chunk: Uint8Array) => void;
  /** The task has ended: shows a last line without an end, and says what was dropped. */
  readonly end: () => void;
  /** What there is to keep so far, byte for byte. */
  readonly kept: () => Uint8Array;
  /** Where that is going to be, for people; undefined where nothing is kept, or nothing was printed. */
  readonly place: () => string | undefined;
};

export type CaptureOptions = {
  readonly budget: OutputBudget;
  readonly note: (line: string) => void;
  /** Where the caller will keep what was printed; default: nowhere. */
  readonly place?: string;
};

/**
 * Passes the first lines that a task prints to `note`, behind the task's name, and counts the rest; holds what is to
 * be kept, which is bounded too. What the terminal would obey is shown as `?`.
 */
export const captureOutput = (task: string, { budget, note, place }: CaptureOptions): TaskOutput => {
  const chunks: Uint8Array[] = [];
  let keptBytes = 0;
  const keep = (chunk: Uint8Array): void => {
    if (place === undefined) return;
    const room = Math.min(KEPT_BYTES - keptBytes, budget.keptBytesLeft, chunk.byteLength);
    if (room <= 0) return;
    chunks.push(Uint8Array.prototype.slice.call(chunk, 0, room));
    keptBytes += room;
    budget.keptBytesLeft -= room;
  };
  const decoder = new StringDecoder('utf8');
  let [line, lines, cut, dropped] = ['', 0, false, 0];
  const isFull = (): boolean => lines >= TASK_LINES || budget.linesLeft <= 0;
  const show = (): void => {
    lines += 1;
    budget.linesLeft -= 1;
    note(`${task} | ${printable(line)}${cut ? ' …' : ''}`);
    line = '';
    cut = false;
  };
  const take = (text: string, isEnd: boolean): void => {
    const room = LINE_CHARACTERS - line.length;
    line += text.slice(0, Math.max(room, 0));
    if (text.length > room) {
      cut = true;
      dropped += Buffer.byteLength(text.slice(Math.max(room, 0)));
    }
    if (isEnd) show();
  };
  const placeOfKept = (): string | undefined => (keptBytes === 0 ? undefined : place);
  return {
    kept: () => Buffer.concat(chunks),
    place: placeOfKept,
    write: (chunk) => {
      keep(chunk);
      if (isFull()) {
        dropped += chunk.byteLength;
        return;
      }
      const pieces = decoder.write(Buffer.from(chunk)).split('\n');
      for (const [index, piece] of pieces.entries()) {
        if (isFull()) dropped += Buffer.byteLength(piece) + (index < pieces.length - 1 ? 1 : 0);
        else take(piece, index < pieces.length - 1);
      }
    },
    end: () => {
      if (line !== '' && !isFull()) show();
      if (dropped === 0) return;
      if (budget.linesLeft <= 0) budget.droppedBytes += dropped;
      else {
        budget.linesLeft -= 1;
        const where = placeOfKept();
        note(
          `${task} | ${renderBytes(dropped)} more are not shown${where === undefined ? '' : `; see ${where}`}`,
        );
      }
      dropped = 0;
    },
  };
};

/** Says what was dropped after the last line that was shown. */
export const noteDropped = (budget: OutputBudget, note: (line: string) => void): void => {
  if (budget.droppedBytes > 0)
    note(`the workers printed ${renderBytes(budget.droppedBytes)} more, not shown`);
};

const printable = (line: string): string =>
  line
    .replace(/\r$/u, '')
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (found) => (found === '\t' ? found : '?'));
