import { expect, it } from 'vitest';
import * as z from 'zod';
import { Amendment } from '../../functions/contract/amendment.ts';
import { Claim, isLaterRun, isSameClaim } from '../../functions/contract/claim.ts';
import { Commit } from '../../functions/contract/commit.ts';
import { Counts } from '../../functions/contract/counts.ts';
import * as errors from '../../functions/contract/errors-store.ts';
import { FAILURES } from '../../functions/contract/failures.ts';
import { Manifest } from '../../functions/contract/manifest.ts';
import { Halt, Outcome } from '../../functions/contract/outcome.ts';
import { PlanHeader } from '../../functions/contract/plan-header.ts';
import { Sealed } from '../../functions/contract/sealed.ts';
import { readStoreCases } from '../conformance/store-case.ts';

const { base } = readStoreCases();
const AT = '2026-11-22T00:00:00.000Z';
const digest = '0'.repeat(64);
const commit = Commit.parse(base.commit);

it.each(Object.entries({ Amendment, Claim, Commit, Counts, Halt, Manifest, Outcome, PlanHeader, Sealed }))(
  'can be told to other languages as JSON Schema: %s',
  (name, schema) => {
    expect(z.toJSONSchema(schema)).toMatchObject({ $defs: { [name]: { type: 'object' } } });
  },
);

it.each([
  ['a path', { path: 'b/00/x' }],
  ['rows that are no count', { rows: 0.5 }],
  ['more rows than a number holds', { rows: 2 ** 53 }],
  ['an attempt that is none', { attempt: 'A'.repeat(24) }],
  ['a time that is none', { endedAt: 'today' }],
  ['a count too few', { counts: { read: 0 } }],
  [
    'partitions that overlap',
    {
      partitions: [
        [0, 3, 0, 0],
        [2, 3, 0, 0],
      ],
    },
  ],
  ['a partition past the end', { partitions: [[0, 6, 0, 0]] }],
  ['a checksum of more than 32 bits', { partitions: [[0, 5, 2 ** 32, 0]] }],
])('rejects a commit with %s', (_, wrong) => {
  expect(Commit.safeParse(commit).success).toBe(true);
  expect(Commit.safeParse({ ...commit, ...wrong }).success).toBe(false);
});

it('takes partitions with a gap between, for alignment, and empty ones', () => {
  const partitions = [
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [4, 1, 0xffffffff, 9],
  ];
  expect(Commit.safeParse({ ...commit, partitions }).success).toBe(true);
});

it('rejects a seal whose commits are out of order or double', () => {
  const sealed = Sealed.parse(base.sealed);
  const packed = (task: string) => [task, '0001', commit.attempt];
  const withTasks = (...tasks: string[]) =>
    Sealed.safeParse({ ...sealed, commits: tasks.map(packed) }).success;
  expect(withTasks('000000', '000001.000', '000001.001', '000002')).toBe(true);
  expect(withTasks('000001', '000000')).toBe(false);
  expect(withTasks('000000', '000000')).toBe(false);
});

it('rejects a manifest whose rows are not the sum, or with a part outside of the output', () => {
  const part = { name: 'part-000000-themes.parquet', rows: 2, sizeBytes: 1, sha256: digest };
  const manifest = {
    job: 'themes',
    run: '0001',
    outcome: 'published',
    specDigest: digest,
    format: 'parquet',
    columns: [],
    rows: 2,
    parts: [part],
    rejects: [],
    missing: [],
    counts: commit.counts,
    createdAt: AT,
  };
  expect(Manifest.safeParse(manifest).success).toBe(true);
  expect(Manifest.safeParse({ ...manifest, rows: 3 }).success).toBe(false);
  for (const name of ['../x', '/etc/passwd', '_manifest.json', 'part-000000-themes.exe']) {
    expect(Manifest.safeParse({ ...manifest, parts: [{ ...part, name }] }).success, name).toBe(false);
  }
});

it('tells claims apart by job and submission', () => {
  const claim = { job: 'themes', at: AT };
  expect(isSameClaim(claim, { ...claim })).toBe(true);
  expect(isSameClaim(claim, { ...claim, run: '0002' })).toBe(true);
  expect(isLaterRun({ ...claim, run: '0002' }, { ...claim, run: '0001' })).toBe(true);
  expect(isLaterRun({ ...claim, run: '0001' }, claim)).toBe(true);
  expect(isLaterRun({ ...claim, run: '0001' }, { ...claim, run: '0001' })).toBe(false);
  expect(isLaterRun(claim, { ...claim, run: '0001' })).toBe(false);
  expect(isSameClaim(claim, { ...claim, job: 'other' })).toBe(false);
  expect(isSameClaim(claim, { ...claim, at: '2026-11-23T00:00:00.000Z' })).toBe(false);
});

it('says in each error what was found and whose it is, and has a row for it', () => {
  const all = [
    new errors.StoreError({ operation: 'put', key: 'a/b', reason: 'no answer came', isUnknown: true }),
    new errors.BlockMissingError({ key: 'b/00/x', task: '000000' }),
    new errors.BlockCorruptError({ key: 'b/00/x', found: '3 bytes', expected: '5 bytes' }),
    new errors.StateError({ key: 'a/b', problem: 'it is not JSON' }),
    new errors.ConservationError({ where: 'stage 00-map', sentence: 'read 1 > written 0' }),
    new errors.JobNotFoundError('themes'),
    new errors.JobExistsError('themes'),
    new errors.OutputExistsError({ output: '/out', found: 'a file' }),
    new errors.OutputClaimedError({ output: '/out', owner: 'other' }),
    new errors.JobCancelledError({ job: 'themes', run: '0001' }),
  ];
  expect(all.map((error) => error.row)).toEqual(all.map(({ name }) => FAILURES[name]));
  expect(all.map(({ message }) => message)).toEqual([
    'the store could not put a/b: no answer came; it is not known whether it was done',
    'the block b/00/x of task 000000 is gone, though its commit stands',
    'the block b/00/x has 3 bytes, its commit says 5 bytes',
    'a/b: it is not JSON',
    'the rows of stage 00-map do not add up: read 1 > written 0',
    'there is no job "themes"',
    'there is already a job themes',
    'the output /out exists already: a file',
    'the output /out belongs to the job other, which has not ended',
    'run 0001 of the job themes was cancelled',
  ]);
});
