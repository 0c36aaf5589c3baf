import type { Claim } from '../../../functions/contract/claim.ts';
import { openObjectOutput } from '../../../functions/io/s3/s3-output.ts';
import { describeClaimLaws } from './claim-laws.ts';
import { describeDeathLaws } from './death-laws.ts';
import { type MemoryOutput, openMemoryObjects } from './memory-objects.ts';
import { describeOutputLaws } from './output-laws.ts';
import type { OutputWorld, RequestHook } from './output-world.ts';
import { describeRunnerLaws } from './runner-laws.ts';

const SEED = Number(process.env.DAYBREAK_TEST_SEED ?? Date.now() % 1_000_000);

const outputs = new Map<string, MemoryOutput>();
const outputAt = (place: string): MemoryOutput => {
  const output = outputs.get(place) ?? new Map();
  outputs.set(place, output);
  return output;
};

let count = 0;
const world: OutputWorld = {
  newPlace: () => {
    count += 1;
    return `s3://memory/case-${count}/out/`;
  },
  open: (place: string, claim: Claim, hook?: RequestHook) =>
    openObjectOutput(openMemoryObjects(outputAt(place), place, hook), claim),
  // In memory the key of a block is its text.
  source: async (text) => ({
    store: {} as Awaited<ReturnType<OutputWorld['source']>>['store'],
    key: text,
    sizeBytes: text.length,
  }),
  put: async (place, name, text) => {
    outputAt(place).set(name, text);
  },
  remove: async (place, name) => {
    outputAt(place).delete(name);
  },
  tree: async (place) => Object.fromEntries(outputAt(place)),
};

describeOutputLaws(world);
describeClaimLaws(world);
describeRunnerLaws(world, { seed: SEED, strides: [1, 1] });
describeDeathLaws(world);
