import { COUNT_TERMS, type Counts } from '../contract/counts.ts';

const IN = ['read', 'grown'] as const satisfies readonly (keyof Counts)[];
const OUT = ['written', 'rejected', 'dropped', 'folded', 'cut'] as const satisfies readonly (keyof Counts)[];

const side = (counts: Counts, terms: readonly (keyof Counts)[]) => ({
  sum: terms.reduce((sum, term) => sum + counts[term], 0),
  text: terms.map((term) => `${term} ${counts[term]}`).join(' + '),
});

/** Judges read + grown = written + rejected + dropped + folded + cut; `sentence` names each term either way. */
export const judgeConservation = (
  counts: Counts,
): { readonly isConserved: boolean; readonly sentence: string } => {
  const [entered, left] = [side(counts, IN), side(counts, OUT)];
  const isConserved = entered.sum === left.sum;
  const relation = isConserved ? '=' : entered.sum > left.sum ? '>' : '<';
  const difference = Math.abs(entered.sum - left.sum);
  const end = isConserved ? '' : `: ${difference} ${entered.sum > left.sum ? 'lost' : 'too many'}`;
  return {
    isConserved,
    sentence: `${entered.text} = ${entered.sum} ${relation} ${left.sum} = ${left.text}${end}`,
  };
};

/** Judges that a stage read the rows that the stage before it wrote. */
export const judgeHandover = (
  written: Counts,
  read: Counts,
): { readonly isConserved: boolean; readonly sentence: string } => ({
  isConserved: written.written === read.read,
  sentence: `the stage before wrote ${written.written}, this one read ${read.read}`,
});

export const NO_ROWS: Counts = {
  read: 0,
  grown: 0,
  written: 0,
  rejected: 0,
  dropped: 0,
  folded: 0,
  cut: 0,
  pruned: 0,
};

/** Adds term by term. */
export const addCounts = (counts: readonly Counts[]): Counts => {
  const sum = { ...NO_ROWS };
  for (const each of counts) for (const term of COUNT_TERMS) sum[term] += each[term];
  return sum;
};
