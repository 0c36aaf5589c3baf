import { describe, expect, it } from 'vitest';
import type { Claim } from '../../functions/contract/claim.ts';
import type { Manifest } from '../../functions/contract/manifest.ts';
import {
  createObjectJudge,
  judgeStandingManifest,
  type OutputState,
} from '../../functions/core/judge-output-object.ts';

const AT = '2026-11-22T00:00:00.000Z';
const claim: Claim = { job: 'new', at: AT };
const part = (job: string, task = '000000') => `part-${task}-${job}.parquet`;
const rejects = (job: string) => `_rejects/00-map-000000-${job}.jsonl`;
/** What the judge reads of a manifest. */
const manifestOf = (job: string) =>
  ({ job, parts: [{ name: part(job) }], rejects: [{ name: rejects(job) }] }) as Manifest;

const state = (given: Partial<OutputState>): OutputState => ({
  mode: 'overwrite',
  claim,
  owner: undefined,
  manifest: undefined,
  ...given,
});
const judge = (name: string, given: Partial<OutputState>) => createObjectJudge(state(given))(name);

describe('an object of an output', () => {
  it.each([
    ['the claim', '_daybreak.json', { mode: 'fail' }],
    ['the manifest, which is judged as a whole', '_manifest.json', { mode: 'fail' }],
    ['the folder itself', '', { mode: 'fail' }],
    ['a part of the owner', part('new'), { mode: 'fail', owner: claim }],
    ['a file of rejects of the owner', rejects('new'), { mode: 'fail', owner: claim }],
    ['a part that the manifest lists', part('old'), { manifest: manifestOf('old') }],
    ['a file of rejects that it lists', rejects('old'), { manifest: manifestOf('old') }],
  ] as const)('is fine where it is %s', (_, name, given) => {
    expect(judge(name, given)).toEqual({ kind: 'fine' });
  });

  it.each([
    ['a job whose claim is taken over', { owner: { job: 'old', at: AT } }],
    ['a job that the owner replaces', { owner: { ...claim, replaces: ['old'] } }],
    ['a job that an ended owner replaced', { owner: { job: 'x', at: AT, replaces: ['old'] } }],
    [
      'a job that the manifest does not list',
      { owner: { ...claim, replaces: ['old'] }, manifest: manifestOf('y') },
    ],
  ])('is a leftover where it is a part of %s', (_, given) => {
    expect(judge(part('old'), given)).toEqual({ kind: 'leftover', job: 'old' });
  });

  it.each([
    ['anything else', 'notes.txt', { mode: 'fail' }, 'it has notes.txt'],
    ['anything else of a claimed output', 'notes.txt', { mode: 'fail', owner: claim }, 'it has notes.txt'],
    ['anything without a manifest', 'notes.txt', {}, 'no _manifest.json, so it was not written by Daybreak'],
    ['a part without a manifest', part('old'), {}, 'and no _manifest.json'],
    [
      'what the manifest does not list',
      'a/b',
      { manifest: manifestOf('old') },
      'a/b, which its _manifest.json',
    ],
    ['a part that it does not list', part('old', '000001'), { manifest: manifestOf('old') }, 'does not list'],
    [
      'a listed part with the mode fail',
      part('old'),
      { mode: 'fail', manifest: manifestOf('old') },
      'it has part-',
    ],
    ['a part of an earlier job of the id', part('new'), {}, 'an earlier job of the same id'],
    [
      'one of that whose claim stands',
      part('new'),
      { owner: { ...claim, at: '2025-01-01T00:00:00.000Z' } },
      'same id',
    ],
    [
      'a name that is almost a part',
      'x/part-000000-old.parquet',
      { owner: { job: 'old', at: AT } },
      'it has x/part',
    ],
  ] as const)('is foreign where it is %s', (_, name, given, found) => {
    expect(judge(name, given)).toEqual({ kind: 'foreign', found: expect.stringContaining(found) });
  });
});

describe('a manifest that stands', () => {
  it.each([
    ['none', {}, undefined],
    ['of another job, with overwrite', { manifest: manifestOf('old') }, undefined],
    ['of another job', { mode: 'fail', manifest: manifestOf('old') }, 'it has the output of the job old'],
    ['of an earlier job of the id', { manifest: manifestOf('new') }, 'of an earlier job of the same id, new'],
    ['of something else', { manifest: 'unreadable' }, 'not one that Daybreak writes'],
    ['of something else, with fail', { mode: 'fail', manifest: 'unreadable' }, 'it has a _manifest.json'],
  ] as const)('is replaced or not: %s', (_, given, found) => {
    const verdict = judgeStandingManifest(state(given));
    if (found === undefined) expect(verdict).toBeUndefined();
    else expect(verdict).toContain(found);
  });
});
