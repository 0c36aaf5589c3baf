import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareIds,
  ID_PATTERNS,
  type IdField,
  isId,
  parentTaskId,
  parseDeadlineId,
  parseRunId,
  parseStageId,
  renderDeadlineId,
  renderReplacementTaskId,
  renderRunId,
  renderStageId,
  renderTaskId,
} from '../../functions/contract/ids.ts';
import {
  blockPrefixes,
  KEYS,
  type Key,
  OUTPUT_KEYS,
  parseBlockKey,
  renderBlockKey,
  shardOf,
} from '../../functions/contract/keys.ts';

const fields = Object.keys(ID_PATTERNS) as IdField[];
// Lookaheads have no generator: the run is written out.
const idOf = (field: IdField) =>
  field === 'run'
    ? fc.integer({ min: 1, max: 9999 }).map(renderRunId)
    : fc.stringMatching(new RegExp(`^${ID_PATTERNS[field]}$`));
const everyId = fc.record(
  Object.fromEntries(fields.map((field) => [field, idOf(field)])) as Record<IdField, fc.Arbitrary<string>>,
);
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    'A',
    '-a',
    'a-',
    'a\n',
    'a\0',
    '%2e',
    '0000',
    'é',
    'a.json',
    ' a',
    'ａ',
    '0x1',
  ),
);
const allKeys = Object.entries({
  ...KEYS,
  outputClaim: OUTPUT_KEYS.claim,
  nextClaim: OUTPUT_KEYS.nextClaim,
  manifest: OUTPUT_KEYS.manifest,
  part: OUTPUT_KEYS.part,
  outputRejects: OUTPUT_KEYS.rejects,
}) as unknown as [
  string,
  Key<string> & {
    render: (ids: Record<string, string>) => string;
    prefix: (ids: Record<string, string>) => string;
  },
][];
const fieldsOf = (template: string): string[] =>
  [...template.matchAll(/\{(\w+)\}/gu)].map(([, field]) => field ?? '');
const pick = (ids: Record<string, string>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, ids[name] ?? '']));

describe('keys', () => {
  it.each(allKeys)('parses what it rendered: %s', (_, key) => {
    fc.assert(
      fc.property(everyId, (ids) => {
        const wanted = pick(ids, fieldsOf(key.template));
        const rendered = key.render(wanted);
        expect(key.parse(rendered)).toEqual(wanted);
        expect(rendered.startsWith(key.prefix({}))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each(allKeys)('renders what it parsed, whatever it is given: %s', (_, key) => {
    fc.assert(
      fc.property(everyId, hostile, fc.nat(), (ids, text, at) => {
        const good = key.render(pick(ids, fieldsOf(key.template)));
        const position = at % (good.length + 1);
        for (const candidate of [
          text,
          good + text,
          text + good,
          good.slice(0, position) + text + good.slice(position),
        ]) {
          const parsed = key.parse(candidate) as Record<string, string> | undefined;
          if (parsed !== undefined) expect(key.render(parsed)).toBe(candidate);
        }
        expect(key.parse(good)).toBeDefined();
      }),
      { numRuns: 50 },
    );
  });

  it('rejects an id that does not fit its pattern, and repairs none', () => {
    for (const bad of [
      '',
      '.',
      '..',
      '../x',
      'a/b',
      'A',
      '-a',
      'a-',
      'a\n',
      'a\0',
      'é',
      'a.b',
      'x'.repeat(64),
    ]) {
      expect(() => KEYS.job.render({ job: bad }), bad).toThrow('is not a valid job id');
      expect(() => KEYS.commit.prefix({ job: bad }), bad).toThrow('is not a valid job id');
      expect(isId('job', bad)).toBe(false);
    }
    for (const bad of ['0000', '1', '00001', '１234']) expect(isId('run', bad), bad).toBe(false);
    for (const bad of ['0-map', '00-seal', '00-map/', '100-map']) expect(isId('stage', bad), bad).toBe(false);
    for (const bad of ['0', '0000000', '000000.', '000000.1', '000000.000/'])
      expect(isId('task', bad), bad).toBe(false);
    for (const bad of ['0'.repeat(23), 'A'.repeat(24), '0'.repeat(25)])
      expect(isId('attempt', bad), bad).toBe(false);
  });

  it('rejects a render with an id missing', () => {
    expect(() => KEYS.commit.render({ job: 'j', run: '0001', stage: '00-map' } as never)).toThrow(
      'needs the id task',
    );
  });

  it('is the tree of the design', () => {
    const ids = {
      job: 'themes',
      run: '0001',
      stage: '00-map',
      task: '000002',
      attempt: '0123456789abcdef01234567',
    };
    expect(KEYS.plan.render(ids)).toBe('jobs/themes/0001/plan.json');
    expect(KEYS.commit.render(ids)).toBe('jobs/themes/0001/00-map/commits/000002.json');
    expect(KEYS.commit.prefix({ job: 'themes', run: '0001', stage: '00-map' })).toBe(
      'jobs/themes/0001/00-map/commits/',
    );
    expect(KEYS.sealed.render(ids)).toBe('jobs/themes/0001/00-map/sealed.json');
    expect(KEYS.waiting.render({ job: 'themes', deadline: renderDeadlineId(undefined) })).toBe(
      'waiting/9999-themes',
    );
    expect(OUTPUT_KEYS.part.render({ ...ids, format: 'parquet' })).toBe('part-000002-themes.parquet');
  });

  it('gives one and the same shard for the same ids', () => {
    const ids = {
      job: 'themes',
      run: '0001',
      stage: '00-map',
      task: '000002',
      attempt: '0123456789abcdef01234567',
    };
    expect(shardOf(ids)).toBe('32');
    expect(shardOf({ ...ids, attempt: 'ffffffffffffffffffffffff' })).toBe('25');
    expect(shardOf({ ...ids, run: '0002' })).toBe('34');
  });

  it('spreads the attempts of a stage over all shards evenly', () => {
    const counts = new Map<string, number>();
    for (let task = 0; task < 6400; task += 1) {
      const attempt = (task * 2_654_435_761).toString(16).padStart(24, '0');
      const shard = shardOf({ job: 'j', run: '0001', stage: '00-map', task: renderTaskId(task), attempt });
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(64);
    expect(Math.max(...counts.values())).toBeLessThan(160);
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
  });

  it('inverts the key of a block, and refuses one under another shard', () => {
    fc.assert(
      fc.property(everyId, fc.constantFrom('arrow' as const, 'parquet' as const), (ids, format) => {
        const { job, run, stage, task, attempt } = ids;
        const key = renderBlockKey({ job, run, stage, task, attempt, format });
        expect(parseBlockKey(key)).toEqual({ job, run, stage, task, attempt, format });
        expect(blockPrefixes({ job, run, stage }).filter((prefix) => key.startsWith(prefix))).toHaveLength(1);
        const other = key.startsWith('b/00/') ? '01' : '00';
        expect(parseBlockKey(`b/${other}${key.slice(4)}`)).toBeUndefined();
      }),
    );
  });
});

describe('ids', () => {
  it('puts a replacement where the task that it replaces stood', () => {
    fc.assert(
      fc.property(fc.nat(999_998), fc.nat(999), fc.nat(999), (index, first, second) => {
        const old = renderTaskId(index);
        const one = renderReplacementTaskId(old, first);
        const two = renderReplacementTaskId(one, second);
        expect([renderTaskId(index + 1), two, one, old].sort(compareIds)).toEqual([
          old,
          one,
          two,
          renderTaskId(index + 1),
        ]);
        expect([parentTaskId(two), parentTaskId(one), parentTaskId(old)]).toEqual([one, old, undefined]);
        if (first < second) expect(compareIds(one, renderReplacementTaskId(old, second))).toBe(-1);
      }),
    );
  });

  it('inverts runs, stages and deadlines', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9999 }),
        fc.nat(99),
        fc.constantFrom('map' as const, 'infer' as const, 'reduce' as const),
        (run, index, kind) => {
          expect(parseRunId(renderRunId(run))).toBe(run);
          expect(parseStageId(renderStageId({ index, kind }))).toEqual({ index, kind });
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9998-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          expect(parseDeadlineId(renderDeadlineId(date.toISOString()))).toBe(date.toISOString());
          expect(renderDeadlineId(date.toISOString()) < renderDeadlineId(undefined)).toBe(true);
        },
      ),
    );
    expect(parseDeadlineId(renderDeadlineId(undefined))).toBeUndefined();
  });

  it('rejects numbers and instants that an id cannot hold', () => {
    for (const bad of [-1, 0.5, Number.NaN, 1_000_000]) expect(() => renderTaskId(bad)).toThrow();
    expect(() => renderRunId(0)).toThrow();
    for (const bad of [
      '2026-11-22',
      '2026-11-22T00:00:00Z',
      '9999-01-01T00:00:00.000Z',
      'soon',
      '+012026-01-01T00:00:00.000Z',
    ]) {
      expect(() => renderDeadlineId(bad), bad).toThrow();
    }
  });
});
