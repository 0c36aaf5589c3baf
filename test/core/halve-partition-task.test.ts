import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackedPartition } from '../../functions/contract/commit.ts';
import { renderTaskId } from '../../functions/contract/ids.ts';
import type { PlannedStep } from '../../functions/contract/planned-steps.ts';
import type { TaskOf } from '../../functions/contract/task.ts';
import { cutPartitionTask, weighSpan } from '../../functions/core/cut-partition-task.ts';
import { cutPieceTask, type PieceBlock } from '../../functions/core/cut-piece-task.ts';
import { halvePartitionTask } from '../../functions/core/halve-partition-task.ts';

type BlockTask = TaskOf<'partitions'>;

const PIECES = { shuffle: { by: [], pieceRows: 64 }, steps: [] };
const NO_KEYS = { shuffle: { by: [] }, steps: [] };

/** Blocks of so many partitions, each with as many rows as bytes. */
const blocksOf = (counts: readonly number[]): readonly PieceBlock[] =>
  counts.map((count, block) => ({
    task: renderTaskId(block),
    run: '0001',
    attempt: 'a'.repeat(24),
    partitions: Array.from({ length: count }, (_, index): PackedPartition => [index * 64, 64, 1, 64]),
  }));

/** What a task reads: each extent with the block that it is of. */
const reads = (tasks: readonly BlockTask[]): readonly string[] =>
  tasks
    .flatMap(({ sources }) => sources)
    .flatMap(([task, run, attempt, extents]) =>
      extents.map((extent) => JSON.stringify([task, run, attempt, extent])),
    )
    .sort();

/** Halves until nothing can be cut any more. */
const halveToTheEnd = (task: BlockTask, halve: (task: BlockTask) => readonly BlockTask[] | undefined) => {
  const leaves: BlockTask[] = [];
  const open = [task];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const halves = halve(next);
    if (halves === undefined) leaves.push(next);
    else open.push(...halves);
  }
  return leaves;
};

const span = (total: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: total }), fc.integer({ min: 0, max: total }))
    .map(([one, other]) => ({ first: Math.min(one, other), end: Math.max(one, other) }));

describe('halvePartitionTask', () => {
  it('gives the pieces of a task to its halves, each once, however the blocks lie', () => {
    const cases = fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 })
      .chain((counts) => fc.tuple(fc.constant(counts), span(counts.reduce((sum, count) => sum + count, 0))));
    fc.assert(
      fc.property(cases, ([counts, cut]) => {
        const blocks = blocksOf(counts);
        const task = cutPieceTask(blocks, { task: '000000', ...cut, tokens: 64 * (cut.end - cut.first) });
        const leaves = halveToTheEnd(task, (each) => halvePartitionTask(each, { blocks, ...PIECES }));
        expect(reads(leaves)).toEqual(reads([task]));
        expect(leaves.every(({ first, end }) => end - first <= 1)).toBe(true);
        expect(leaves.map(({ tokens }) => tokens)).toEqual(leaves.map(({ weightBytes }) => weightBytes));
      }),
    );
  });

  it('gives the partitions of a task to its halves, each once of each block', () => {
    const cases = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 }))
      .chain(([blocks, partitions]) =>
        fc.tuple(fc.constant([blocks, partitions] as const), span(partitions)),
      );
    fc.assert(
      fc.property(cases, ([[count, partitions], cut]) => {
        const blocks = blocksOf(Array.from({ length: count }, () => partitions));
        const weightBytes = weighSpan(blocks, cut);
        const task = cutPartitionTask(blocks, cut, { task: '000000', weightBytes });
        const leaves = halveToTheEnd(task, (each) => halvePartitionTask(each, { blocks, ...NO_KEYS }));
        expect(reads(leaves)).toEqual(reads([task]));
        expect(leaves.reduce((sum, leaf) => sum + leaf.weightBytes, 0)).toBe(weightBytes);
      }),
    );
  });

  it('shares the keys of one partition, of which both halves read all', () => {
    const blocks = blocksOf([2, 2]);
    const task = cutPartitionTask(blocks, { first: 1, end: 2 }, { task: '000001', weightBytes: 128 });
    const halves = halvePartitionTask(task, { blocks, shuffle: { by: ['key'] }, steps: [] });
    expect(halves?.map(({ share }) => share)).toEqual([
      { index: 0, of: 2 },
      { index: 1, of: 2 },
    ]);
    for (const half of halves ?? []) expect(reads([half])).toEqual(reads([task]));
  });

  it('cuts no piece', () => {
    const blocks = blocksOf([1]);
    const task = cutPieceTask(blocks, { task: '000000', first: 0, end: 1 });
    expect(halvePartitionTask(task, { blocks, ...PIECES })).toBeUndefined();
  });

  it('cuts no task that has to see all of its rows: one of a plan of one task', () => {
    const blocks = blocksOf([4]);
    const task = cutPieceTask(blocks, { task: '000000', first: 0, end: 4 });
    const columns = [{ name: 'a', type: 'BIGINT' }];
    const filter: PlannedStep = {
      kind: 'filter',
      step: 0,
      columns,
      predicate: 'a > 0',
      uses: ['a'],
      isPrunable: false,
    };
    const distinct: PlannedStep = { kind: 'distinct', step: 1, columns };
    const at = { blocks, shuffle: PIECES.shuffle };
    expect(halvePartitionTask(task, { ...at, steps: [filter] })).toHaveLength(2);
    expect(halvePartitionTask(task, { ...at, steps: [filter, distinct] })).toBeUndefined();
  });
});
