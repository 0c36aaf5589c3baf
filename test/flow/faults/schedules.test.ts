/**
 * Law: whatever the store does to a job, and whoever dies, comes twice or at once, the job publishes the same rows,
 * with one thread the same bytes; or it ends with the named error that a fault explains. Nothing is lost, nothing
 * comes twice, and the output is at every moment absent or whole. `npm run soak` plays thousands.
 *
 * `DAYBREAK_SCHEDULE=123456 npx vitest run --project flow test/flow/faults/schedules.test.ts` replays one alone.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeSchedule, type Prepared, prepareSchedules } from './judge-schedule.ts';
import { drawSchedule, FAULT_KINDS, renderSchedule } from './schedule.ts';

const SCHEDULES = 300;
const ALONE = process.env.DAYBREAK_SCHEDULE;
const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 1_000_000);
const SEEDS =
  ALONE === undefined
    ? Array.from({ length: SCHEDULES }, (_, index) => SEED * 1000 + index)
    : [Number(ALONE)];

let folder: string;
let prepared: Prepared;
const tally = new Map<string, number>();
const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);

beforeAll(async () => {
  console.log(`schedules from seed ${SEED}`);
  folder = await mkdtemp(join(tmpdir(), 'daybreak-faults-'));
  prepared = await prepareSchedules(folder);
  console.log(`operations of undisturbed jobs: ${JSON.stringify(prepared.operations)}`);
});
afterAll(async () => {
  console.log(`what became of the schedules: ${JSON.stringify(Object.fromEntries([...tally].sort()))}`);
  await rm(folder, { recursive: true, force: true });
});

describe('a job under a schedule of faults', () => {
  it.each(SEEDS)('publishes the same rows once, or ends with the named error: %i', async (seed) => {
    const schedule = drawSchedule(seed, prepared.operations);
    if (ALONE !== undefined) console.log(renderSchedule(schedule));
    const verdict = await judgeSchedule(folder, prepared, schedule);
    expect(verdict.problem, `${renderSchedule(schedule)}; replay: DAYBREAK_SCHEDULE=${seed}`).toBeUndefined();
    for (const what of verdict.seen) count(what);
  });

  it.runIf(ALONE === undefined)('meets every kind of fault, retries, resumes and later runs', () => {
    for (const kind of FAULT_KINDS) expect(tally.get(kind) ?? 0, kind).toBeGreaterThan(10);
    expect(tally.get('published')).toBeGreaterThan(SCHEDULES * 0.9);
    expect(tally.get('stopped and resumed')).toBeGreaterThan(50);
    expect(tally.get('in a later run')).toBeGreaterThan(20);
  });
});
