import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { announceSeed } from '../../oracle/grammar.ts';
import { type Fault, playSchedule, type RunnerSpec, type Schedule, type Turn } from './output-schedule.ts';

const LAW = 'keeps its law whatever runners of several jobs do at once';
const CASES = Number(process.env.DAYBREAK_SCHEDULES ?? 400);
const SEED = process.env.DAYBREAK_TEST_SEED;

const fault: fc.Arbitrary<Fault> = fc.record({
  at: fc.integer({ min: 1, max: 45 }),
  kind: fc.constantFrom('death', 'lost', 'again'),
});
const runner: fc.Arbitrary<RunnerSpec> = fc.record({
  job: fc.constantFrom('a', 'b', 'c'),
  deed: fc.constantFrom('publish', 'publish', 'publish', 'cancel', 'resume'),
  fault: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fault),
});
// Long turns let one runner overtake another by whole phases, short ones let them meet at single requests.
const turn: fc.Arbitrary<Turn> = fc.record({
  runner: fc.nat(5),
  requests: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 50 })),
});
const schedule: fc.Arbitrary<Schedule> = fc.record({
  runners: fc.array(runner, { minLength: 2, maxLength: 6 }),
  turns: fc.array(turn, { maxLength: 40 }),
});

it(`an output on S3 ${LAW}`, { timeout: 3_600_000 }, async () => {
  let cuts = 0;
  const seed = SEED === undefined ? undefined : Number(SEED);
  await fc.assert(
    fc.asyncProperty(schedule, async (each) => {
      cuts += (await playSchedule(each)).cuts;
    }),
    announceSeed(LAW, CASES, seed) as fc.Parameters<[Schedule]>,
  );
  expect(cuts).toBeGreaterThan(CASES / 10);
});
