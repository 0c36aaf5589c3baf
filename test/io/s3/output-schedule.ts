/** Any number of runners of several jobs on one output, each request of each at the moment that a schedule says. */
import { expect } from 'vitest';
import { DaybreakError } from '../../../functions/contract/errors.ts';
import { OutputExistsError } from '../../../functions/contract/errors-store.ts';
import type { HasEnded, Output } from '../../../functions/io/output.ts';
import { openObjectOutput } from '../../../functions/io/s3/s3-output.ts';
import { type MemoryOutput, openMemoryObjects } from './memory-objects.ts';
import { AT, apart, Death, manifestOf, partsOf, promised, type RequestHook, whole } from './output-world.ts';

export type RunnerSpec = {
  readonly job: string;
  readonly does: 'publish' | 'cancel';
  /** The request before which it dies, from 1; 0 for none. */
  readonly dieAt: number;
};
export type Turn = { readonly runner: number; readonly requests: number };
export type Schedule = { readonly runners: readonly RunnerSpec[]; readonly turns: readonly Turn[] };

const PLACE = 's3://memory/out/';

type Runner = { readonly ends: Promise<unknown>; isAtEnd: boolean; wake: (() => void) | undefined };

/** Plays a schedule to its end, then finishes what died, and judges after every request. Returns what it met. */
export const playSchedule = async ({ runners: specs, turns }: Schedule): Promise<{ deaths: number }> => {
  const output: MemoryOutput = new Map();
  /** As `outcome.json` decides it: the first to say so. */
  const outcomes = new Map<string, 'published' | 'cancelled'>();
  const finished = new Set<string>();
  let deaths = 0;
  let hasStood = false;

  const hasEnded: HasEnded = async ({ job }) =>
    outcomes.get(job) === 'cancelled' || (outcomes.get(job) === 'published' && finished.has(job));

  const judge = (): void => {
    const tree = Object.fromEntries(output);
    const { promise, kept } = promised(tree);
    expect(kept).toEqual(promise);
    const isStanding = output.has('_manifest.json');
    if (hasStood) expect(isStanding).toBe(true);
    hasStood ||= isStanding;
    for (const [job, outcome] of outcomes) {
      if (outcome === 'cancelled')
        expect(output.get('_manifest.json')).not.toBe(whole(job)['_manifest.json']);
    }
  };

  const decide = (job: string, wanted: 'published' | 'cancelled'): 'published' | 'cancelled' => {
    const chosen = outcomes.get(job) ?? wanted;
    outcomes.set(job, chosen);
    return chosen;
  };

  const publish = async (job: string, opened: Output, hook: RequestHook): Promise<void> => {
    const hasPublished = async (): Promise<boolean> => {
      await hook('before', 'read the report');
      return finished.has(job);
    };
    await opened.claim({ mode: 'overwrite', hasEnded, hasPublished });
    if (decide(job, 'published') === 'cancelled') return opened.release();
    for (const [name, text] of Object.entries(partsOf(job))) {
      await opened.addPart(name, { store: {} as never, key: text, sizeBytes: text.length });
    }
    await opened.finish(manifestOf(job), 'overwrite');
    await hook('before', 'put the report');
    finished.add(job);
  };

  const act = async ({ job, does }: RunnerSpec, hook: RequestHook = async () => {}): Promise<void> => {
    const opened = openObjectOutput(openMemoryObjects(output, PLACE, hook), { job, at: AT });
    if (does === 'publish') return publish(job, opened, hook);
    if (decide(job, 'cancelled') === 'cancelled') await opened.release();
  };

  const start = (spec: RunnerSpec): Runner => {
    const runner: { -readonly [Key in keyof Runner]: Runner[Key] } = {
      ends: Promise.resolve(),
      isAtEnd: false,
      wake: undefined,
    };
    let requests = 0;
    let isDead = false;
    const hook: RequestHook = async (moment) => {
      if (isDead) throw new Death();
      if (moment === 'after') return;
      await new Promise<void>((resolve) => {
        runner.wake = resolve;
      });
      requests += 1;
      if (requests !== spec.dieAt) return;
      isDead = true;
      deaths += 1;
      throw new Death();
    };
    runner.ends = act(spec, hook)
      .catch((error: unknown) => {
        if (!(error instanceof Death) && !(error instanceof DaybreakError)) throw error;
      })
      .finally(() => {
        runner.isAtEnd = true;
      });
    return runner;
  };

  /** Lets a runner send its next request; false where it has ended. */
  const step = async (runner: Runner): Promise<boolean> => {
    while (runner.wake === undefined && !runner.isAtEnd) await Promise.resolve();
    const { wake } = runner;
    if (wake === undefined) return false;
    runner.wake = undefined;
    wake();
    while (runner.wake === undefined && !runner.isAtEnd) await Promise.resolve();
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

  /** What a user does whom a late runner's death has left a part that is in no manifest. */
  const clearStrays = async (job: string): Promise<void> => {
    const go = () => act({ job, does: 'publish', dieAt: 0 });
    try {
      await go();
    } catch (error) {
      if (!(error instanceof OutputExistsError) || deaths === 0) throw error;
      const listed = Object.keys(promised(Object.fromEntries(output)).promise);
      for (const name of output.keys()) {
        if (!name.startsWith('_d') && !name.startsWith('_m') && !listed.includes(name)) output.delete(name);
      }
      await go();
    }
  };

  // Of a job that died before it was decided, the user thinks better.
  for (const { job } of specs) {
    if (!outcomes.has(job)) await act({ job, does: 'cancel', dieAt: 0 });
  }
  for (const [job, outcome] of outcomes) {
    if (outcome === 'published' && !finished.has(job)) await clearStrays(job);
    judge();
  }
  if (deaths === 0) {
    const standing = output.get('_manifest.json');
    const job = standing === undefined ? undefined : (JSON.parse(standing) as { job: string }).job;
    const { rest, owner } = apart(Object.fromEntries(output));
    expect(rest).toEqual(job === undefined ? {} : whole(job));
    // A job that took the output over and was cancelled took the mark of the one before with it.
    expect([job, undefined]).toContain(owner);
    expect(job !== undefined).toBe([...outcomes.values()].includes('published'));
  }
  await clearStrays('other');
  judge();
  expect(apart(Object.fromEntries(output))).toEqual({ rest: whole('other'), owner: 'other' });
  return { deaths };
};
