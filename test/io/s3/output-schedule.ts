/** Any number of runners of several jobs on one output, each request of each at the moment that a schedule says. */
import { expect } from 'vitest';
import { DaybreakError } from '../../../functions/contract/errors.ts';
import { OutputExistsError, StoreError } from '../../../functions/contract/errors-store.ts';
import type { Manifest } from '../../../functions/contract/manifest.ts';
import type { MemoryOutput } from './memory-objects.ts';
import { apart, Death, promised, type RequestHook, whole } from './output-world.ts';
import { type Deed, openScheduledJobs } from './scheduled-jobs.ts';

/** At a request, from 1: the process dies before it; no answer comes, though it was done; the client sends it twice. */
export type Fault = { readonly at: number; readonly kind: 'death' | 'lost' | 'again' };
export type RunnerSpec = { readonly job: string; readonly deed: Deed; readonly fault: Fault | undefined };
export type Turn = { readonly runner: number; readonly requests: number };
export type Schedule = { readonly runners: readonly RunnerSpec[]; readonly turns: readonly Turn[] };

type Runner = { readonly ends: Promise<unknown>; isAtEnd: boolean; wake: (() => void) | undefined };

/** Plays a schedule to its end, then finishes what was cut off, and judges after every request. */
export const playSchedule = async ({ runners: specs, turns }: Schedule): Promise<{ cuts: number }> => {
  const output: MemoryOutput = new Map();
  const { jobs, outcomeOf, act } = openScheduledJobs(output);
  let cuts = 0;
  let hasStood = false;
  /** The job whose manifest stands, and those before it: none comes back. */
  let last: string | undefined;
  const replaced: string[] = [];

  const standing = (): Manifest | undefined => {
    const text = output.get('_manifest.json');
    return text === undefined ? undefined : (JSON.parse(text) as Manifest);
  };

  const judge = (): void => {
    const { promise, kept } = promised(Object.fromEntries(output));
    expect(kept).toEqual(promise);
    const manifest = standing();
    if (hasStood) expect(manifest).toBeDefined();
    if (manifest === undefined) return;
    hasStood = true;
    if (last !== manifest.job) expect(replaced).not.toContain(manifest.job);
    if (last !== undefined && last !== manifest.job) replaced.push(last);
    last = manifest.job;
    expect(jobs.get(manifest.job)?.outcomes.get(manifest.run)).toBe('published');
  };

  const start = ({ job, deed, fault }: RunnerSpec): Runner => {
    const runner: Runner = { ends: Promise.resolve(), isAtEnd: false, wake: undefined };
    let requests = 0;
    let isDead = false;
    const hook: RequestHook = async (moment, what) => {
      if (isDead) throw new Death();
      const isMeant = fault?.at === requests;
      if (moment === 'after') {
        if (!isMeant || fault?.kind !== 'lost') return undefined;
        cuts += 1;
        throw new StoreError({ operation: what, key: 'it', reason: 'no answer came', isUnknown: true });
      }
      await new Promise<void>((resolve) => {
        runner.wake = resolve;
      });
      requests += 1;
      if (fault?.at !== requests) return undefined;
      if (fault.kind === 'again') return 'again';
      if (fault.kind === 'lost') return undefined;
      isDead = true;
      cuts += 1;
      throw new Death();
    };
    const ends = act(job, deed, hook)
      .catch((error: unknown) => {
        if (!(error instanceof Death) && !(error instanceof DaybreakError)) throw error;
      })
      .finally(() => {
        runner.isAtEnd = true;
      });
    return Object.assign(runner, { ends });
  };

  const settle = async (runner: Runner): Promise<void> => {
    while (runner.wake === undefined && !runner.isAtEnd) await Promise.resolve();
  };

  /** Lets a runner send its next request; false where it has ended. */
  const step = async (runner: Runner): Promise<boolean> => {
    await settle(runner);
    const { wake } = runner;
    if (wake === undefined) return false;
    runner.wake = undefined;
    wake();
    await settle(runner);
    judge();
    return true;
  };

  const runners = specs.map(start);
  for (const { runner, requests } of turns) {
    const chosen = runners[runner % runners.length];
    if (chosen === undefined) continue;
    for (let count = 0; count < requests && (await step(chosen)); count += 1);
  }
  for (const each of runners) while (await step(each));
  await Promise.all(runners.map(({ ends }) => ends));

  /** Publishes; before that the user takes away what a late runner's death has left, where the error names it. */
  const publishAtLast = async (job: string): Promise<void> => {
    try {
      await act(job, 'publish');
    } catch (error) {
      if (!(error instanceof OutputExistsError) || cuts === 0) throw error;
      const listed = Object.keys(promised(Object.fromEntries(output)).promise);
      for (const name of output.keys()) {
        if (!/^_(daybreak|manifest)/.test(name) && !listed.includes(name)) output.delete(name);
      }
      await act(job, 'publish');
    }
    judge();
  };

  // Of a job that was cut off before it was decided the user thinks better.
  for (const job of jobs.keys()) if (outcomeOf(job) === undefined) await act(job, 'cancel');
  for (const [job, { hasReport }] of jobs) {
    if (outcomeOf(job) === 'published' && !hasReport) await publishAtLast(job);
  }
  if (cuts === 0) {
    const manifest = standing();
    const { rest, owner } = apart(Object.fromEntries(output));
    expect(rest).toEqual(manifest === undefined ? {} : whole(manifest.job, manifest.run));
    // A job that took the output over and was cancelled took the mark of the one before with it.
    expect([manifest?.job, undefined]).toContain(owner);
    expect(manifest !== undefined).toBe([...jobs.keys()].some((job) => outcomeOf(job) === 'published'));
  }
  await publishAtLast('last');
  expect(apart(Object.fromEntries(output))).toEqual({ rest: whole('last'), owner: 'last' });
  return { cuts };
};
