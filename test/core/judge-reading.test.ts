import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackedPartition } from '../../functions/contract/commit.ts';
import { renderTaskId } from '../../functions/contract/ids.ts';
import type { TaskOf } from '../../functions/contract/task.ts';
import { cutPartitionTask, weighSpan } from '../../functions/core/cut-partition-task.ts';
import { cutPieceTask, type PieceBlock } from '../../functions/core/cut-piece-task.ts';
import { halvePartitionTask } from '../../functions/core/halve-partition-task.ts';
import { judgeReading } from '../../functions/core/judge-reading.ts';

/** Blocks whose partitions have so many rows; one without rows has no bytes either. */
const blocksOf = (rows: readonly (readonly number[])[]): readonly PieceBlock[] =>
  rows.map((counts, block) => {
    let offset = 0;
    const partitions = counts.map((count): PackedPartition => {
      offset += count;
      return [offset - count, count, 1, count];
    });
    return { task: renderTaskId(block), run: '0001', attempt: 'a'.repeat(24), partitions };
  });

type BlockTask = TaskOf<'partitions'>;

/** Each task in its place in the list, or its halves. */
const halveSome = (
  tasks: readonly BlockTask[],
  choices: readonly boolean[],
  halve: (task: BlockTask) => readonly BlockTask[] | undefined,
): readonly BlockTask[] =>
  tasks.flatMap((task, index) => (choices[index % choices.length] ? (halve(task) ?? [task]) : [task]));

const counts = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 4, maxLength: 4 });
const choices = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });

describe('judgeReading', () => {
  it('is content with partitions, halves of them and shares of their keys', () => {
    fc.assert(
      fc.property(fc.array(counts, { maxLength: 4 }), choices, (rows, chosen) => {
        const blocks = blocksOf(rows);
        const at = { blocks, shuffle: { by: ['key'] }, steps: [] };
        let tasks: readonly BlockTask[] = [
          { first: 0, end: 1 },
          { first: 1, end: 4 },
        ].map((span, task) =>
          cutPartitionTask(blocks, span, { task: renderTaskId(task), weightBytes: weighSpan(blocks, span) }),
        );
        for (let round = 0; round < 2; round += 1)
          tasks = halveSome(tasks, chosen, (task) => halvePartitionTask(task, at));
        expect(judgeReading(tasks, blocks)).toBeUndefined();
      }),
    );
  });

  it('finds pieces that are lost in one place and doubled in another, whatever the totals say', () => {
    const blocks = blocksOf([Array(20).fill(64), Array(20).fill(64)]);
    const span = (first: number, end: number) =>
      cutPieceTask(blocks, { task: renderTaskId(first), first, end });
    expect(judgeReading([span(0, 10), span(10, 30), span(30, 40)], blocks)).toBeUndefined();
    const wrong = cutPartitionTask(blocks, { first: 10, end: 20 }, { task: '000001', weightBytes: 0 });
    expect(judgeReading([span(0, 10), wrong, span(30, 40)], blocks)).toBe(
      'partition 0 of the block of task 000001 was read 0 times',
    );
    expect(judgeReading([span(0, 40), span(3, 4)], blocks)).toMatch(/partition 3 .* read 2 times/);
    expect(judgeReading([span(0, 40)], blocks.slice(1))).toMatch(/no block has \(000000/);
  });
});
