import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { announceSeed } from '../../oracle/grammar.ts';
import { playSchedule, type RunnerSpec, type Schedule, type Turn } from './output-schedule.ts';

const LAW = 'keeps its law whatever runners of several jobs do at once';
const CASES = Number(process.env.DAYBREAK_SCHEDULES ?? 500);
const SEED = process.env.DAYBREAK_TEST_SEED;

const runner: fc.Arbitrary<RunnerSpec> = fc.record({
  job: fc.constantFrom('a', 'b', 'c'),
  does: fc.constantFrom('publish', 'publish', 'publish', 'cancel'),
  dieAt: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 })),
});
// Long turns let one runner overtake another by whole phases, short ones let them meet at single requests.
const turn: fc.Arbitrary<Turn> = fc.record({
  runner: fc.nat(5),
  requests: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 })),
});
const schedule: fc.Arbitrary<Schedule> = fc.record({
  runners: fc.array(runner, { minLength: 2, maxLength: 6 }),
  turns: fc.array(turn, { maxLength: 40 }),
});

it(`an output on S3 ${LAW}`, { timeout: 600_000 }, async () => {
  let deaths = 0;
  const seed = SEED === undefined ? undefined : Number(SEED);
  await fc.assert(
    fc.asyncProperty(schedule, async (each) => {
      deaths += (await playSchedule(each)).deaths;
    }),
    announceSeed(LAW, CASES, seed) as fc.Parameters<[Schedule]>,
  );
  expect(deaths).toBeGreaterThan(CASES / 10);
});
