import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  captureOutput,
  newOutputBudget,
  noteDropped,
} from '../../../functions/stages/workers/worker-output.ts';

const capture = (chunks: readonly (string | Uint8Array)[], budget = newOutputBudget()): string[] => {
  const notes: string[] = [];
  const output = captureOutput('00-map 000000', { budget, note: (line) => notes.push(line) });
  for (const chunk of chunks) output.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  output.end();
  return notes;
};

describe('captureOutput', () => {
  it('shows lines behind the name of the task, the last one without an end too', () => {
    expect(capture(['a\nb', 'c\r\n', 'd'])).toEqual([
      '00-map 000000 | a',
      '00-map 000000 | bc',
      '00-map 000000 | d',
    ]);
  });

  it('puts characters together that two chunks share', () => {
    const bytes = Buffer.from('Zürich\n');
    expect(capture([bytes.subarray(0, 2), bytes.subarray(2)])).toEqual(['00-map 000000 | Zürich']);
  });

  it('shows what a terminal obeys as a question mark', () => {
    expect(capture(['\u001b]0;x\u0007\t\u202ey\n'])).toEqual(['00-map 000000 | ?]0;x?\t?y']);
  });

  it('shows ten lines of a task and says how much was dropped', () => {
    const notes = capture(
      Array.from({ length: 30 }, (_, index) => `line ${String(index).padStart(2, '0')}\n`),
    );
    expect(notes).toHaveLength(11);
    expect(notes.at(9)).toBe('00-map 000000 | line 09');
    expect(notes.at(10)).toBe('00-map 000000 | 160 B more are not shown');
  });

  it('cuts a long line', () => {
    const notes = capture([`${'x'.repeat(200)}`, `${'x'.repeat(300)}\n`]);
    expect(notes).toEqual([
      `00-map 000000 | ${'x'.repeat(300)} …`,
      '00-map 000000 | 200 B more are not shown',
    ]);
  });

  it('keeps what it does not show, byte for byte and within bounds, and names the place', () => {
    const budget = newOutputBudget();
    const notes: string[] = [];
    const options = { budget, note: (line: string) => notes.push(line), place: '/kept.log' };
    const output = captureOutput('00-map 000000', options);
    expect(output.place()).toBeUndefined();
    const lines = Array.from({ length: 20 }, (_, index) => `\u001b[1mline ${index}\n`).join('');
    output.write(Buffer.from(lines));
    output.end();
    expect(Buffer.from(output.kept()).toString()).toBe(lines);
    expect(output.place()).toBe('/kept.log');
    expect(notes.at(-1)).toMatch(/ more are not shown; see \/kept\.log$/);
    for (let task = 0; task < 100; task += 1) {
      const loud = captureOutput('00-map 000001', options);
      for (let chunk = 0; chunk < 3; chunk += 1) loud.write(Buffer.alloc(2 ** 20));
      expect(loud.kept().byteLength).toBeLessThanOrEqual(2 ** 20);
    }
    expect(budget.keptBytesLeft).toBe(0);
  });

  it('shows a hundred lines of all tasks, and says at the end how much was dropped after them', () => {
    const budget = newOutputBudget();
    const notes: string[] = [];
    for (let task = 0; task < 50; task += 1) notes.push(...capture(['1\n2\n3\n4\n'], budget));
    expect(notes).toHaveLength(100);
    noteDropped(budget, (line) => notes.push(line));
    expect(notes.at(-1)).toBe('the workers printed 200 B more, not shown');
  });

  it('holds and shows a bounded amount of anything', () => {
    const chunks = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 5000 }), fc.string({ unit: 'binary', maxLength: 500 })),
    );
    fc.assert(
      fc.property(chunks, (given) => {
        const notes = capture(given);
        expect(notes.length).toBeLessThanOrEqual(11);
        for (const note of notes) {
          expect(note).toMatch(/^00-map 000000 \| [^\p{Cc}\n]*\t?/u);
          expect(note.length).toBeLessThan(330);
        }
      }),
    );
  });
});
