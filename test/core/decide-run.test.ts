import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../functions/contract/outcome.ts';
import { PlanHeader } from '../../functions/contract/plan-header.ts';
import { OUTCOMES } from '../../functions/contract/stages.ts';
import { decideAdoption, decideRun, type StageStanding } from '../../functions/core/decide-run.ts';
import { readStoreCases } from '../conformance/store-case.ts';

const AT = '2026-11-22T00:00:00.000Z';
const plan = PlanHeader.parse({ ...readStoreCases().base.plan, run: '0007', openedAt: AT });
const outcome = (kind: Outcome['kind']): Outcome => ({ job: plan.job, run: plan.run, kind, at: AT });
const other = {
  digest: '1'.repeat(64),
  engine: { ...plan.formats, engine: 'other' },
  block: { ...plan.formats, block: 'other' },
};

it('opens the first run of a job, and goes on in one without an outcome', () => {
  expect(decideRun(undefined, plan)).toEqual({ kind: 'open', run: '0001' });
  expect(decideRun({ plan }, plan)).toEqual({ kind: 'continue', run: '0007' });
});

it('supersedes a run of another plan or of other formats', () => {
  expect(decideRun({ plan }, { ...plan, digest: other.digest })).toEqual({ kind: 'supersede', run: '0007' });
  expect(decideRun({ plan }, { ...plan, formats: other.engine })).toEqual({ kind: 'supersede', run: '0007' });
});

it.each(OUTCOMES)('goes on after the outcome %s only where that leaves work to do', (kind) => {
  const decision = decideRun({ plan, outcome: outcome(kind) }, plan);
  const isOver = kind === 'published' || kind === 'partial' || kind === 'refused';
  expect(decision).toEqual(
    isOver
      ? { kind: 'ended', run: '0007', outcome: outcome(kind) }
      : { kind: 'open', run: '0008', from: '0007' },
  );
});

const standing = (stage: string, isSealed: boolean, isPresent: boolean, amendments = 0): StageStanding => ({
  stage,
  isSealed,
  isPresent,
  hasModuleRejects: false,
  amendments,
});

it.each([
  ['nothing sealed', [false, false], [false, false], [], '00-map'],
  ['the first stage sealed', [true, false], [true, false], ['00-map'], '01-reduce'],
  ['both sealed', [true, true], [true, true], ['00-map', '01-reduce'], undefined],
  ['both sealed, the first one swept', [true, true], [false, true], ['00-map', '01-reduce'], undefined],
  ['both sealed, a block of the last one gone', [true, true], [true, false], ['00-map'], '01-reduce'],
  ['both sealed, everything gone', [true, true], [false, false], [], '00-map'],
  ['a seal after one that does not count', [false, true], [false, true], [], '00-map'],
] as const)('adopts what stands: %s', (_, sealed, present, adopted, open) => {
  const standings = ['00-map', '01-reduce'].map((stage, index) =>
    standing(stage, sealed[index] === true, present[index] === true, index),
  );
  expect(decideAdoption({ plan }, standings, plan)).toEqual({
    run: '0007',
    sealed: adopted,
    ...(open === undefined ? {} : { open: { stage: open, amendments: open === '00-map' ? 0 : 1 } }),
  });
});

it('adopts nothing across plans or block formats, and no single commits across engines', () => {
  const standings = [standing('00-map', true, true), standing('01-reduce', false, false)];
  expect(decideAdoption({ plan }, standings, { ...plan, digest: other.digest })).toBeUndefined();
  expect(decideAdoption({ plan }, standings, { ...plan, formats: other.block })).toBeUndefined();
  expect(decideAdoption({ plan }, standings, { ...plan, formats: other.engine })).toEqual({
    run: '0007',
    sealed: ['00-map'],
  });
  expect(decideAdoption({ plan }, standings.slice(1), { ...plan, formats: other.engine })).toBeUndefined();
});

describe('a run that too many rejects have ended', () => {
  const limit = { unit: 'rate', value: 0.1 } as const;
  const earlier = (name: 'TooManyRejectsError' | 'QueryError') => ({
    plan: { ...plan, rejectLimit: limit },
    outcome: { ...outcome('failed'), failure: { name, message: '' } },
  });
  const open = [standing('00-map', false, false)];

  it('leaves the tasks in which functions rejected rows to the next one', () => {
    const adopted = { stage: '00-map', amendments: 0, withoutModuleRejects: true };
    expect(decideAdoption(earlier('TooManyRejectsError'), open, plan)?.open).toEqual(adopted);
    const asked = { ...plan, askedLimit: limit };
    expect(decideAdoption(earlier('TooManyRejectsError'), open, asked)?.open).toEqual(adopted);
  });

  it('gives all of them to a run with another limit, as does one that something else has ended', () => {
    const adopted = { stage: '00-map', amendments: 0 };
    const asked = { ...plan, askedLimit: { unit: 'rows', value: 7 } as const };
    expect(decideAdoption(earlier('TooManyRejectsError'), open, asked)?.open).toEqual(adopted);
    expect(decideAdoption(earlier('QueryError'), open, plan)?.open).toEqual(adopted);
  });

  it('leaves those of the stages before to it too where that has not helped', () => {
    const standings = [
      { ...standing('00-map', true, true), hasModuleRejects: true },
      standing('01-reduce', false, false),
    ];
    const first = earlier('TooManyRejectsError');
    const adopted = { stage: '01-reduce', amendments: 0, withoutModuleRejects: true as const };
    expect(decideAdoption(first, standings, plan)).toEqual({
      run: '0007',
      sealed: ['00-map'],
      open: adopted,
    });
    const second = { ...first, plan: { ...first.plan, adopted: { run: '0006', sealed: [], open: adopted } } };
    expect(decideAdoption(second, standings, plan)).toEqual({
      run: '0007',
      sealed: [],
      open: { ...adopted, stage: '00-map' },
    });
  });

  it('is superseded while it is open where another limit is asked for, and by nothing less', () => {
    const run = { plan: { ...plan, rejectLimit: limit } };
    expect(decideRun(run, plan)).toMatchObject({ kind: 'continue' });
    expect(decideRun(run, { ...plan, askedLimit: limit })).toMatchObject({ kind: 'continue' });
    const other = { ...plan, askedLimit: { unit: 'rate', value: 0.2 } as const };
    expect(decideRun(run, other)).toEqual({ kind: 'supersede', run: '0007' });
  });
});
