import { expect, it } from 'vitest';
import { placesToDraw, prepareFlowPlaces } from '../../../cli/report-page/prepare-flow.ts';
import type { StageReport } from '../../../functions/contract/report.ts';

const step = { dropped: 0, grown: 0, folded: 0, cut: 0 };
const stage: StageReport = {
  stage: '00-map',
  kind: 'map',
  tasks: 1,
  seconds: 1,
  counts: { read: 100, grown: 20, written: 12, rejected: 5, dropped: 15, folded: 80, cut: 8, pruned: 0 },
  steps: [
    { ...step, step: 0, kind: 'filter', dropped: 15 },
    { ...step, step: 1, kind: 'project' },
    { ...step, step: 2, kind: 'unnest', grown: 20 },
    { ...step, step: 3, kind: 'group_by', folded: 80 },
    { ...step, step: 4, kind: 'sort', cut: 8 },
  ],
  bytesRead: 1,
  bytesWritten: 1,
};

it('hands on at every place what came in and was not taken away', () => {
  const places = prepareFlowPlaces([stage]);
  for (const [index, place] of places.entries()) {
    const { rowsIn, grown, dropped, folded, cut, rejected, rowsOut } = place;
    expect(rowsIn + grown - dropped - folded - cut - rejected).toBe(rowsOut);
    if (index > 0) expect(rowsIn).toBe(places[index - 1]?.rowsOut);
  }
  expect(places.at(-1)?.rowsOut).toBe(12);
  expect(places.map(({ place }) => place)).toEqual([
    'read',
    'steps[0] filter',
    'steps[1] project',
    'steps[2] unnest',
    'steps[3] group_by',
    'steps[4] sort',
  ]);
});

it('puts what a function rejected at its step, and what the reader did at the reader', () => {
  const [filter, ...rest] = stage.steps;
  if (filter === undefined) throw new Error('no step');
  const counts = { ...stage.counts, written: 10, rejected: 7 };
  const places = prepareFlowPlaces([{ ...stage, counts, steps: [{ ...filter, rejected: 2 }, ...rest] }]);
  expect(places.slice(0, 2).map(({ rejected, rowsOut }) => [rejected, rowsOut])).toEqual([
    [5, 95],
    [2, 78],
  ]);
  expect(places.at(-1)?.rowsOut).toBe(10);
});

it('draws readers and the steps that moved a row', () => {
  const drawn = placesToDraw(prepareFlowPlaces([stage]));
  expect(drawn.map(({ place }) => place)).toEqual([
    'read',
    'steps[0] filter',
    'steps[2] unnest',
    'steps[3] group_by',
    'steps[4] sort',
  ]);
});

it('says it for all steps at once where commits do not say it for each', () => {
  const places = prepareFlowPlaces([{ ...stage, steps: [] }]);
  expect(places.at(-1)).toMatchObject({ place: 'all steps', rowsIn: 95, grown: 20, folded: 80, rowsOut: 12 });
});
