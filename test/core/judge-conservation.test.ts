import fc from 'fast-check';
import { expect, it } from 'vitest';
import { COUNT_TERMS, Counts } from '../../functions/contract/counts.ts';
import {
  addCounts,
  judgeConservation,
  judgeHandover,
  NO_ROWS,
} from '../../functions/core/judge-conservation.ts';

const rows = fc.nat(1_000_000);
const conserved = fc
  .record({
    written: rows,
    rejected: rows,
    dropped: rows,
    folded: rows,
    cut: rows,
    grown: rows,
    pruned: rows,
  })
  .map((counts) => {
    const left = counts.written + counts.rejected + counts.dropped + counts.folded + counts.cut;
    const grown = Math.min(counts.grown, left);
    return { ...counts, grown, read: left - grown };
  });

it('holds where what entered is what left, and for sums of such', () => {
  fc.assert(
    fc.property(fc.array(conserved, { minLength: 1 }), (tasks) => {
      for (const task of tasks) expect(judgeConservation(Counts.parse(task)).isConserved).toBe(true);
      expect(judgeConservation(addCounts(tasks)).isConserved).toBe(true);
    }),
  );
  expect(judgeConservation(NO_ROWS).isConserved).toBe(true);
  expect(addCounts([])).toEqual(NO_ROWS);
});

it('fails where any one term but pruned is off by a row', () => {
  fc.assert(
    fc.property(conserved, fc.constantFrom(...COUNT_TERMS), (counts, term) => {
      const off = { ...counts, [term]: counts[term] + 1 };
      expect(judgeConservation(off).isConserved).toBe(term === 'pruned');
    }),
  );
});

it('names each term and the difference', () => {
  const counts = {
    ...NO_ROWS,
    read: 100,
    grown: 5,
    written: 60,
    rejected: 2,
    dropped: 30,
    folded: 4,
    cut: 7,
  };
  expect(judgeConservation(counts).sentence).toBe(
    'read 100 + grown 5 = 105 > 103 = written 60 + rejected 2 + dropped 30 + folded 4 + cut 7: 2 lost',
  );
  expect(judgeConservation({ ...counts, cut: 10 }).sentence).toMatch(/105 < 106 .*: 1 too many$/);
  expect(judgeConservation({ ...counts, cut: 9 }).sentence).toMatch(/105 = 105 .*cut 9$/);
});

it('fails a stage that did not read what the one before it wrote', () => {
  const [before, after] = [
    { ...NO_ROWS, written: 7 },
    { ...NO_ROWS, read: 6 },
  ];
  expect(judgeHandover(before, after)).toEqual({
    isConserved: false,
    sentence: 'the stage before wrote 7, this one read 6',
  });
  expect(judgeHandover(before, { ...after, read: 7 }).isConserved).toBe(true);
});
