import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackedPartition } from '../../functions/contract/commit.ts';
import { renderTaskId } from '../../functions/contract/ids.ts';
import { cutPieceTask, type PieceBlock, pieceBytes } from '../../functions/core/cut-piece-task.ts';

/** Blocks of so many pieces, each with bytes of its own. */
const blocksOf = (counts: readonly number[]): readonly PieceBlock[] => {
  let number = 0;
  return counts.map((count, block) => {
    let offset = 0;
    const partitions = Array.from({ length: count }, (): PackedPartition => {
      number += 1;
      const piece: PackedPartition = [offset, number * 10, number, 64];
      offset += number * 10;
      return piece;
    });
    return { task: renderTaskId(block), run: '0001', attempt: 'a'.repeat(24), partitions };
  });
};

describe('cutPieceTask', () => {
  it('gives spans that follow each other every piece once, in order, from the block that has it', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }), (sizes, steps) => {
        const blocks = blocksOf(sizes);
        const all = blocks.flatMap(({ partitions }) => partitions);
        const seen: PackedPartition[] = [];
        let first = 0;
        for (const step of [...steps, all.length]) {
          const end = Math.min(first + step, all.length);
          const task = cutPieceTask(blocks, { task: '000000', first, end });
          const pieces = task.sources.flatMap(([, , , extents]) => extents);
          expect(pieces).toEqual(all.slice(first, end));
          expect(task.weightBytes).toBe(pieces.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0));
          seen.push(...pieces);
          first = end;
        }
        expect(seen).toEqual(all);
        expect(pieceBytes(blocks)).toEqual(all.map(([, sizeBytes]) => sizeBytes));
      }),
    );
  });

  it('leaves out blocks without pieces of the span, and has no sources where there are none', () => {
    const blocks = blocksOf([2, 0, 1]);
    expect(cutPieceTask(blocks, { task: '000000', first: 2, end: 3 }).sources).toEqual([
      ['000002', '0001', 'a'.repeat(24), [[0, 30, 3, 64]]],
    ]);
    expect(cutPieceTask(blocksOf([0]), { task: '000000', first: 0, end: 0 })).toEqual({
      kind: 'partitions',
      task: '000000',
      weightBytes: 0,
      first: 0,
      end: 0,
      sources: [],
    });
  });
});
