import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Amendment, MAX_AMENDMENTS } from '../../functions/contract/amendment.ts';
import { renderTaskId } from '../../functions/contract/ids.ts';
import type { PinnedInput } from '../../functions/contract/pinned-input.ts';
import type { RangeChain } from '../../functions/contract/range-chain.ts';
import { type SliceRange, Task, type TaskOf } from '../../functions/contract/task.ts';
import { amendSlices, hasGuessedCut, markUnread } from '../../functions/core/amend-slices.ts';
import { planTextRanges } from '../../functions/core/plan-slices.ts';
import { amendTasks } from '../../functions/core/reconcile-commits.ts';

/** A file as the machine sees it: where rows begin, and where a byte is that no cut can be proved with. */
type Model = {
  readonly sizeBytes: number;
  readonly rowStarts: readonly number[];
  readonly errorAt: number | undefined;
};

const model = fc
  .record({
    sizeBytes: fc.integer({ min: 1, max: 400 }),
    starts: fc.array(fc.integer({ min: 1, max: 399 }), { maxLength: 40 }),
    errorAt: fc.option(fc.integer({ min: 0, max: 399 }), { nil: undefined, freq: 8 }),
  })
  .map(
    ({ sizeBytes, starts, errorAt }): Model => ({
      sizeBytes,
      rowStarts: [0, ...new Set(starts.toSorted((a, b) => a - b).filter((start) => start < sizeBytes))],
      errorAt: errorAt === undefined || errorAt >= sizeBytes ? undefined : errorAt,
    }),
  );

const inputOf = (models: readonly Model[]): PinnedInput => ({
  format: 'jsonl',
  jsonl: { maximum_object_size: 1 },
  columns: [{ name: 'a', type: 'BIGINT' }],
  hive: [],
  files: models.map(({ sizeBytes }, index) => ({
    path: `/f${index}`,
    sizeBytes,
    device: '1',
    inode: '1',
    modifiedNs: '1',
    compression: 'none',
  })),
});

/** What an attempt reports: the truth from a row on; `luck` below a half of a guess is another place. */
const scan = ({ sizeBytes, rowStarts, errorAt }: Model, range: SliceRange, luck: number): RangeChain => {
  const rowAt = (offset: number): number => rowStarts.find((start) => start >= offset) ?? sizeBytes;
  const isWrong = range.startsAt === 'guess' && luck < 0.5;
  const shift = isWrong ? 1 + Math.floor(luck * 20) : 0;
  const clamp = (offset: number): number => Math.min(sizeBytes, offset);
  const firstRowOffset =
    range.startsAt === 'row' ? range.startOffset : clamp(rowAt(range.startOffset) + shift);
  const nextRowOffset = Math.max(firstRowOffset, clamp(rowAt(range.endOffset) + shift));
  const isHit = errorAt !== undefined && errorAt >= firstRowOffset && errorAt < nextRowOffset;
  const isFalseAlarm = isWrong && luck < 0.1;
  return {
    file: range.file,
    startOffset: range.startOffset,
    endOffset: range.endOffset,
    firstRowOffset,
    nextRowOffset,
    rows: 1,
    blankRows: 0,
    ...(isHit || isFalseAlarm ? { quotingError: { offset: firstRowOffset, cause: 'invalid-byte' } } : {}),
  };
};

type Attempted = { readonly task: string; readonly chains: RangeChain[] };

const attempt = (models: readonly Model[], task: TaskOf<'ranges'>, random: () => number): Attempted => {
  const chains = task.ranges.flatMap((range) => {
    const file = models[range.file];
    return range.startsAt === 'whole' || file === undefined ? [] : [scan(file, range, random())];
  });
  const fails = chains.some(({ quotingError }) => quotingError !== undefined);
  const isUnread = fails || (hasGuessedCut(task) && random() < 0.3);
  return { task: task.task, chains: isUnread ? markUnread(chains) : chains };
};

const planTasks = (models: readonly Model[], targetBytes: number): TaskOf<'ranges'>[] => {
  const slices = planTextRanges(
    models.map(({ sizeBytes }) => ({ sizeBytes, dataOffset: 0, isSplittable: true })),
    targetBytes,
  );
  return slices.map(({ ranges, sizeBytes }, index) => ({
    kind: 'ranges',
    task: renderTaskId(index),
    weightBytes: sizeBytes,
    ranges: ranges.map((range) => ({
      ...range,
      dataOffset: 0,
      startsAt:
        range.startOffset > 0 ? 'guess' : range.endOffset === models[range.file]?.sizeBytes ? 'whole' : 'row',
    })),
  }));
};

/** Attempts and amends until all is proved; every attempt has its own luck. */
const runStage = (models: readonly Model[], first: readonly TaskOf<'ranges'>[], random: () => number) => {
  const input = inputOf(models);
  const all = new Map(first.map((task) => [task.task, task]));
  const done = new Map<string, Attempted>();
  const amendments: Amendment[] = [];
  for (;;) {
    const names = amendTasks('test', [...first.map(({ task }) => task)], amendments).live;
    const live = names.flatMap((name) => all.get(name) ?? []);
    for (const task of live) if (!done.has(task.task)) done.set(task.task, attempt(models, task, random));
    const commits = live.flatMap(({ task }) => done.get(task) ?? []);
    const verdict = amendSlices(input, live, commits);
    if (verdict.kind === 'proved') return { live, commits, amendments };
    for (const task of verdict.tasks) {
      Task.parse(task);
      all.set(task.task, task);
    }
    amendments.push({
      job: 'j',
      run: '0001',
      stage: '00-map',
      void: [...verdict.void],
      tasks: [...verdict.tasks],
      reason: verdict.reason,
      at: '2026-01-01T00:00:00Z',
    });
  }
};

describe('amendSlices', () => {
  it('reads every row of every file once, whatever was guessed and failed, in few amendments', () => {
    let amended = 0;
    fc.assert(
      fc.property(
        fc.array(model, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 10, max: 200 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
        (models, targetBytes, stream) => {
          const first = planTasks(models, targetBytes);
          const { live, commits, amendments } = runStage(models, first, () => stream.next().value ?? 0);
          amended = Math.max(amended, amendments.length);
          expect(amendments.length).toBeLessThanOrEqual(MAX_AMENDMENTS / 2);
          for (const [index, { sizeBytes }] of models.entries()) {
            const ranges = live.flatMap((task) => task.ranges.filter(({ file }) => file === index));
            const chains = commits.flatMap((commit) => commit.chains.filter(({ file }) => file === index));
            const isWhole = ranges.some(({ startsAt }) => startsAt === 'whole');
            if (isWhole) expect([ranges.length, chains.length]).toEqual([1, 0]);
            let next = 0;
            for (const chain of chains) {
              expect(chain.firstRowOffset).toBe(next);
              expect(chain.isUnread).toBeUndefined();
              next = chain.nextRowOffset;
            }
            if (!isWhole) expect(next).toBe(sizeBytes);
          }
          const files = live.flatMap((task) => task.ranges.map(({ file }) => file));
          expect(files).toEqual(files.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 400 },
    );
    expect(amended).toBeGreaterThan(1);
  });

  const files: readonly Model[] = [
    { sizeBytes: 300, rowStarts: [0, 50, 110, 150, 210, 250], errorAt: undefined },
    { sizeBytes: 60, rowStarts: [0, 30], errorAt: undefined },
  ];
  const input = inputOf(files);
  const range = (file: number, startOffset: number, endOffset: number): SliceRange => ({
    file,
    startOffset,
    endOffset,
    dataOffset: 0,
    startsAt: startOffset === 0 ? 'row' : 'guess',
  });
  const whole: SliceRange = { file: 1, startOffset: 0, endOffset: 60, dataOffset: 0, startsAt: 'whole' };
  const tasks: TaskOf<'ranges'>[] = [
    [range(0, 0, 100)],
    [range(0, 100, 200)],
    [range(0, 200, 300), whole],
  ].map((ranges, index) => ({ kind: 'ranges', task: renderTaskId(index), weightBytes: 100, ranges }));
  const report = (startOffset: number, firstRowOffset: number, nextRowOffset: number): RangeChain => ({
    file: 0,
    startOffset,
    endOffset: startOffset + 100,
    firstRowOffset,
    nextRowOffset,
    rows: 1,
    blankRows: 0,
  });
  const commitsOf = (...chains: RangeChain[]): Attempted[] =>
    chains.map((chain, index) => ({ task: renderTaskId(index), chains: [chain] }));
  const right = [report(0, 0, 110), report(100, 110, 210), report(200, 210, 300)] as const;

  it('proves an unbroken chain', () => {
    expect(amendSlices(input, tasks, commitsOf(...right))).toEqual({ kind: 'proved' });
  });

  it('gives a broken range to a task that begins at the proven row, and hopes for the next', () => {
    expect(amendSlices(input, tasks, commitsOf(right[0], report(100, 130, 230), right[2]))).toEqual({
      kind: 'amend',
      void: ['000001'],
      tasks: [
        {
          kind: 'ranges',
          task: '000001.000',
          weightBytes: 90,
          ranges: [{ file: 0, startOffset: 110, endOffset: 200, dataOffset: 0, startsAt: 'row' }],
        },
      ],
      reason: 'a cut of "/f0" was wrong: a row begins at byte 110; a task runs again as 1',
    });
  });

  it('gives the rest of a file that broke before to one task, and the other files of the void tasks too', () => {
    const [first, second, third] = tasks;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three tasks');
    const mended: TaskOf<'ranges'> = {
      ...second,
      task: '000001.000',
      ranges: [{ ...range(0, 110, 200), startsAt: 'row' }],
    };
    const commits = [
      { task: '000000', chains: [right[0]] },
      { task: '000001.000', chains: [{ ...right[1], startOffset: 110 }] },
      { task: '000002', chains: [report(200, 230, 300)] },
    ];
    expect(amendSlices(input, [first, mended, third], commits)).toMatchObject({
      void: ['000002'],
      tasks: [
        {
          task: '000002.000',
          ranges: [{ file: 0, startOffset: 210, endOffset: 300, startsAt: 'row' }, whole],
        },
      ],
    });
  });

  it('gives a file in which the chain reaches a quoting error to one task, whole', () => {
    const bad = markUnread([{ ...right[1], quotingError: { offset: 120, cause: 'invalid-byte' } }]);
    expect(amendSlices(input, tasks, commitsOf(right[0], ...bad, right[2]))).toMatchObject({
      void: ['000000', '000001', '000002'],
      tasks: [
        { task: '000000.000', ranges: [{ file: 0, startOffset: 0, endOffset: 300, startsAt: 'whole' }] },
        { task: '000002.000', ranges: [whole] },
      ],
    });
  });

  it('reads a proved range again from its row on, where its rows failed', () => {
    expect(amendSlices(input, tasks, commitsOf(right[0], ...markUnread([right[1]]), right[2]))).toMatchObject(
      {
        void: ['000001'],
        tasks: [{ task: '000001.000', ranges: [{ startOffset: 110, endOffset: 200, startsAt: 'row' }] }],
      },
    );
  });

  it('waits with a failed range that the chain has not reached', () => {
    const verdict = amendSlices(
      input,
      tasks,
      commitsOf(right[0], report(100, 130, 230), ...markUnread([right[2]])),
    );
    expect(verdict).toMatchObject({ void: ['000001'] });
  });

  it('fails on a commit that does not report its ranges', () => {
    expect(() => amendSlices(input, tasks, commitsOf(right[0], right[1]))).toThrow('000002 does not report');
  });

  it('fails where rows failed that no guess gave', () => {
    const [first] = tasks;
    if (first === undefined) throw new Error('three tasks');
    const one: TaskOf<'ranges'> = { ...first, ranges: [range(0, 0, 300)] };
    const chains = markUnread([{ ...report(0, 0, 300), endOffset: 300 }]);
    expect(() => amendSlices(input, [one], [{ task: '000000', chains }])).toThrow(
      'none of its cuts is a guess',
    );
  });
});
