import { describe, expect, it } from 'vitest';
import { renderReport } from '../../cli/render-report.ts';
import { Report } from '../../functions/contract/report.ts';

const published = Report.parse({
  job: 'themes-1',
  run: '0001',
  name: 'themes',
  outcome: 'published',
  submittedAt: '2026-11-22T01:00:00.000Z',
  finishedAt: '2026-11-22T01:01:30.000Z',
  seconds: 90,
  rows: { read: 1_000_000, written: 20, rejected: 3 },
  stages: [
    {
      stage: '00-map',
      kind: 'map',
      tasks: 1,
      seconds: 89.987,
      counts: {
        read: 1_000_000,
        grown: 10,
        written: 20,
        rejected: 3,
        dropped: 999_000,
        folded: 900,
        cut: 87,
        pruned: 0,
      },
      steps: [
        { step: 0, kind: 'filter', dropped: 999_000, grown: 0, folded: 0, cut: 0 },
        { step: 1, kind: 'unnest', dropped: 0, grown: 10, folded: 0, cut: 0 },
        { step: 2, kind: 'extend', dropped: 0, grown: 0, folded: 0, cut: 0 },
        { step: 3, kind: 'group_by', dropped: 0, grown: 0, folded: 900, cut: 0 },
        { step: 4, kind: 'sort', dropped: 0, grown: 0, folded: 0, cut: 87 },
      ],
      bytesRead: 5e6,
      bytesWritten: 2500,
    },
  ],
  output: { uri: '/data/out', format: 'parquet', parts: 1, sizeBytes: 2500, columns: [] },
});

describe('renderReport', () => {
  it('says how the run ended, where the rows of each stage and step went, and what was published', () => {
    expect(renderReport(published).split('\n')).toEqual([
      'job themes-1, run 0001: published in 1m 30s',
      '',
      'stage        read  grown  dropped  folded  cut  rejected  written  seconds',
      '------  ---------  -----  -------  ------  ---  --------  -------  -------',
      '00-map  1,000,000     10  999,000     900   87         3       20    89.99',
      '  steps[0] filter: 999,000 dropped',
      '  steps[1] unnest: 10 added',
      '  steps[3] group_by: 900 folded into groups',
      '  steps[4] sort: 87 cut by the limit',
      '',
      '/data/out: 20 rows in 1 parquet file, 2.5 kB, 3 rejects in _rejects/',
    ]);
  });

  it('names the failure of a run that published nothing, and no output', () => {
    const failure = { name: 'QueryError', message: 'map 0: no' };
    const text = renderReport({ ...published, outcome: 'failed', failure, stages: [] });
    expect(text).toBe('job themes-1, run 0001: failed in 1m 30s\nQueryError: map 0: no');
  });

  it.each([
    ['2026-11-22T02:00:00.000Z', 'met, 58m 30s to spare'],
    ['2026-11-22T01:01:30.000Z', 'met, 0.0 s to spare'],
    ['2026-11-22T01:01:00.000Z', 'missed by 30.0 s'],
  ])('judges the deadline %s: %s', (deadlineAt, verdict) => {
    expect(renderReport({ ...published, deadlineAt })).toContain(`deadline ${deadlineAt}: ${verdict}`);
  });

  it.each([
    ['2026-11-22T02:00:00.000Z', '58m 30s were left'],
    ['2026-11-22T01:01:00.000Z', 'it had passed'],
  ])('never says that a job without a result met its deadline %s', (deadlineAt, left) => {
    for (const outcome of ['failed', 'cancelled'] as const) {
      const text = renderReport({ ...published, outcome, deadlineAt });
      expect(text).toContain(`deadline ${deadlineAt}: not met, nothing was published; ${left}`);
    }
  });

  it('says of a later run how long ago the job was submitted', () => {
    const text = renderReport({ ...published, run: '0002', seconds: 30 });
    expect(text).toMatch(/^job themes-1, run 0002: published in 30\.0 s, 1m 30s after the submission$/m);
  });

  it('names the stage of each step where there are several, and what a function rejected', () => {
    const [map] = published.stages;
    if (map === undefined) throw new Error('no stage');
    const steps = [{ step: 0, kind: 'map', dropped: 0, grown: 0, folded: 0, cut: 0, rejected: 3 }];
    const stages = [
      { ...map, steps },
      { ...map, stage: '01-reduce', steps: [] },
    ];
    expect(renderReport({ ...published, stages })).toContain('\n  00-map steps[0] map: 3 rejected\n');
  });

  it('says what a model was asked, and what that cost where it is known', () => {
    const [map] = published.stages;
    if (map === undefined) throw new Error('no stage');
    const infer = { rows: 20, promptTokens: 12_345, outputTokens: 678, engine: 'vendor' };
    const textOf = (given: object): string => {
      const stages = [map, { ...map, stage: '01-infer', steps: [], infer: { ...infer, ...given } }];
      return renderReport({ ...published, stages });
    };
    expect(textOf({})).toContain('\n  01-infer vendor: 12,345 prompt tokens, 678 output tokens\n');
    expect(textOf({ cachedTokens: 100, costUsd: 0.0123 })).toContain(
      '\n  01-infer vendor: 12,345 prompt tokens (100 from a cache), 678 output tokens, 0.012 USD\n',
    );
    expect(textOf({ startSeconds: 118 })).toContain(
      '678 output tokens; 1m 58s of its seconds for the start\n',
    );
  });

  it('says why rows were rejected', () => {
    const [map] = published.stages;
    if (map === undefined) throw new Error('no stage');
    const rejects = [
      { cause: 'answer_shape' as const, rows: 1_200 },
      { cause: 'cast' as const, column: 'a b', rows: 1 },
    ];
    const stages = [map, { ...map, stage: '01-infer', steps: [], rejects }];
    const text = renderReport({ ...published, stages, rows: { ...published.rows, rejected: 1 } });
    expect(text).toContain('\n  01-infer rejects: 1,200 answer_shape, 1 cast in "a b"\n');
    expect(text).toMatch(/, 1 reject in _rejects\/$/);
  });

  it('counts rows apart that were never read', () => {
    const [map] = published.stages;
    if (map === undefined) throw new Error('no stage');
    const stages = [{ ...map, counts: { ...map.counts, pruned: 5000 } }];
    expect(renderReport({ ...published, stages })).toContain(
      '\n  5,000 more rows were not read: the bounds of their row groups rule them out\n',
    );
  });

  it('speaks of files where there are several, and of no rejects where there are none', () => {
    const output = { ...published.output, parts: 2 };
    const text = renderReport({ ...published, output, rows: { ...published.rows, rejected: 0 } });
    expect(text.split('\n').at(-1)).toBe('/data/out: 20 rows in 2 parquet files, 2.5 kB');
  });
});
