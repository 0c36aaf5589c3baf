import { StringDecoder } from 'node:string_decoder';
import { renderBytes } from '../../core/render-units.ts';

/** Enough to see what a module complains of; all of it belongs in a file that the module writes. */
const TASK_LINES = 10;
const LINE_CHARACTERS = 300;
/** Of all tasks of a command. */
const TOTAL_LINES = 100;

export type OutputBudget = { linesLeft: number; droppedBytes: number };

export const newOutputBudget = (): OutputBudget => ({ linesLeft: TOTAL_LINES, droppedBytes: 0 });

/** What one task's process prints, on both of its streams. */
export type TaskOutput = {
  readonly write: (chunk: Uint8Array) => void;
  /** The task has ended: shows a last line without an end, and says what was dropped. */
  readonly end: () => void;
};

/**
 * Passes the first lines that a task prints to `note`, behind the task's name, and counts the rest: no more than one
 * line is ever held. What the terminal would obey is shown as `?`.
 */
export const captureOutput = (
  task: string,
  { budget, note }: { readonly budget: OutputBudget; readonly note: (line: string) => void },
): TaskOutput => {
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
  return {
    write: (chunk) => {
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
        note(`${task} | ${renderBytes(dropped)} more are not shown`);
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
