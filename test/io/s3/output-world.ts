import { expect } from 'vitest';
import type { Claim } from '../../../functions/contract/claim.ts';
import type { Manifest } from '../../../functions/contract/manifest.ts';
import { NO_ROWS } from '../../../functions/core/judge-conservation.ts';
import type { HasEnded, Output, OutputMode, PartSource } from '../../../functions/io/output.ts';

export type RequestMoment = 'before' | 'after';
/**
 * Called before a request is sent and after its answer came; what it throws ends the process that sent it. `again`
 * before it: the client got no answer and sends it a second time.
 */
export type RequestHook = (moment: RequestMoment, what: string) => Promise<'again' | undefined>;

/** Where outputs on S3 are proved: in memory, with every step in the test's hands, and on a store that speaks S3. */
export type OutputWorld = {
  /** An address that nobody has used. */
  readonly newPlace: () => string;
  /** Opens the output as a process of its own does. */
  readonly open: (place: string, claim: Claim, hook?: RequestHook) => Output;
  readonly source: (text: string) => Promise<PartSource>;
  readonly put: (place: string, name: string, text: string) => Promise<void>;
  readonly remove: (place: string, name: string) => Promise<void>;
  /** All objects under the address, by their names relative to it. */
  readonly tree: (place: string) => Promise<Readonly<Record<string, string>>>;
};

/** What stands for SIGKILL: from then on the process sends nothing. */
export class Death extends Error {
  override readonly name = 'Death';
}

export const AT = '2026-11-22T00:00:00.000Z';
export const never = async () => false;
export const always = async () => true;

const RUN = '0001';
const REJECTS = '_rejects/00-map-000000-';

/** The parts of a job's output and their texts: of the same sizes in each run. */
export const partsOf = (job: string, run = RUN): Readonly<Record<string, string>> => {
  const of = (what: string) => `${job} ${what} of ${run}`;
  return {
    [`${REJECTS}${job}.jsonl`]: of('rejects'),
    [`part-000000-${job}.parquet`]: of('0'),
    [`part-000001-${job}.parquet`]: of('1'),
  };
};

export const manifestOf = (
  job: string,
  { run = RUN, createdAt = AT }: { readonly run?: string; readonly createdAt?: string } = {},
): Manifest => {
  const listed = Object.entries(partsOf(job, run)).map(([name, text]) => ({
    name,
    rows: 1,
    sizeBytes: text.length,
    sha256: '0'.repeat(64),
  }));
  return {
    job,
    submittedAt: AT,
    run,
    outcome: 'published',
    specDigest: '0'.repeat(64),
    format: 'parquet',
    columns: [{ name: 'x', type: 'BIGINT' }],
    rows: 2,
    parts: listed.slice(1),
    rejects: listed.slice(0, 1),
    missing: [],
    counts: NO_ROWS,
    createdAt,
  };
};

/** All that stands under the address of a published output, but for the mark of its owner. */
export const whole = (job: string, run = RUN): Readonly<Record<string, string>> => ({
  '_manifest.json': `${JSON.stringify(manifestOf(job, { run }), null, 2)}\n`,
  ...partsOf(job, run),
});

/** What stands beside the claim, and whose that is; undefined where none is. */
export const apart = (tree: Readonly<Record<string, string>>) => {
  const { '_daybreak.json': claim, ...rest } = tree;
  return { rest, owner: claim === undefined ? undefined : (JSON.parse(claim) as Claim).job };
};

export const addAll = async (world: OutputWorld, output: Output, job: string): Promise<void> => {
  for (const [name, text] of Object.entries(partsOf(job))) {
    await output.addPart(name, await world.source(text));
  }
};

/** The output is there, whole and nothing else, with the mark of its job. */
export const expectWhole = async (
  world: OutputWorld,
  place: string,
  job: string,
  at?: string,
): Promise<void> => {
  expect(apart(await world.tree(place)), at).toEqual({ rest: whole(job), owner: job });
};

export type Publishing = {
  readonly job: string;
  readonly mode: OutputMode;
  readonly hook?: RequestHook;
  readonly hasPublished?: () => Promise<boolean>;
};

/** All that publishing a job's output does, from the claim on. */
export const publish = async (
  world: OutputWorld,
  place: string,
  { job, mode, hook, hasPublished = never }: Publishing,
): Promise<Output> => {
  const output = world.open(place, { job, at: AT }, hook);
  const hasEnded: HasEnded = (owner) => world.open(place, owner).isPublished();
  await output.claim({ mode, hasEnded, hasPublished });
  await addAll(world, output, job);
  await output.finish(manifestOf(job), mode);
  return output;
};

/** What the manifest under an address promises and what there is of it: equal wherever the law holds. */
export const promised = (tree: Readonly<Record<string, string>>) => {
  const text = tree['_manifest.json'];
  if (text === undefined) return { promise: {}, kept: {} };
  const { job, run } = JSON.parse(text) as Manifest;
  const promise = partsOf(job, run);
  return { promise, kept: Object.fromEntries(Object.keys(promise).map((name) => [name, tree[name]])) };
};

/** Ends the process before its n-th request (from 1), or after it. `count` says how many there were. */
export const dyingHook = (dieAt: number, dieMoment: RequestMoment) => {
  const state = { count: 0, isDead: false };
  const hook: RequestHook = async (moment) => {
    if (moment === 'before') state.count += 1;
    if (state.count === dieAt && moment === dieMoment) state.isDead = true;
    if (state.isDead) throw new Death();
    return undefined;
  };
  return { hook, state };
};

/** Lets the process stand still before its n-th request (from 1), or the first that is meant, until `resume`. */
export const pausingHook = (pauseAt: number | ((what: string) => boolean)) => {
  const paused = Promise.withResolvers<true>();
  const resumed = Promise.withResolvers<void>();
  let count = 0;
  const hook: RequestHook = async (moment, what) => {
    if (moment === 'after') return undefined;
    count += 1;
    if (typeof pauseAt === 'number' ? count !== pauseAt : !pauseAt(what)) return undefined;
    paused.resolve(true);
    await resumed.promise;
    return undefined;
  };
  return { hook, paused: paused.promise, resume: () => resumed.resolve() };
};
