import { expect, it } from 'vitest';
import { prepareShuffle } from '../../../cli/report-page/prepare-shuffles.ts';
import { Commit, type PackedPartition } from '../../../functions/contract/commit.ts';
import { readStoreCases } from '../../conformance/store-case.ts';

const base = Commit.parse(readStoreCases().base.commit);
const commitOf = (sizes: readonly number[]): Commit => {
  let offset = 0;
  const partitions = sizes.map((bytes): PackedPartition => {
    offset += bytes;
    return [offset - bytes, bytes, 0, bytes / 10];
  });
  return { ...base, partitions };
};

it('sums each partition over all tasks', () => {
  const shuffle = prepareShuffle('00-map', [commitOf([10, 20, 0]), commitOf([30, 900, 0])]);
  expect(shuffle).toMatchObject({
    tasks: 2,
    partitions: 3,
    bytes: 960,
    rows: 96,
    medianBytes: 40,
    largest: { partition: 1, bytes: 920, rows: 92 },
    partitionsPerBar: 1,
    bars: [
      [40, 4],
      [920, 92],
      [0, 0],
    ],
  });
});

it('is none where blocks have no partitions', () => {
  expect(prepareShuffle('02-reduce', [commitOf([])])).toBeUndefined();
});

it('draws of more partitions than bars the largest of neighbours, so that a hot one is never lost', () => {
  const sizes = Array.from({ length: 4000 }, (_, index) => (index === 3999 ? 7000 : 10));
  const shuffle = prepareShuffle('00-map', [commitOf(sizes)]);
  expect(shuffle?.partitionsPerBar).toBe(8);
  expect(shuffle?.bars).toHaveLength(500);
  expect(shuffle?.bars.at(-1)).toEqual([7000, 700]);
});
