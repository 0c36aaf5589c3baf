/**
 * Law: what a job asks of S3 follows a formula, term by term, and only the shuffle's ranged reads grow with the map
 * tasks times the reduce tasks. M map tasks, R reduce tasks, one file of input; docs/operations.md tells the terms.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindOfKey, kindOfPrefix } from '../../../functions/io/s3/key-kind.ts';
import {
  forgetRequests,
  listInvocations,
  listRequests,
  type S3Request,
} from '../../emulator/emulator-door.ts';
import { type EndedExecution, openStack, type Stack } from './open-stack.ts';

const ROWS = 100_000;
/** The law of the design: only ids and keys travel. */
const MOST_STATE_BYTES = 8_192;

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
  const rows = Array.from({ length: ROWS }, (_, row) => `${row},${row % 3700},${(row * 7919) % 101}`);
  await stack.putData('in/figures.csv', `v,k,x\n${rows.join('\n')}\n`);
});
afterAll(() => stack.close());

type Sizes = { readonly M: number; readonly R: number };
type Term = {
  readonly name: string;
  readonly counts: (request: S3Request) => boolean;
  readonly expected: (sizes: Sizes) => number;
};

const kindOf = ({ operation, key }: S3Request): string =>
  operation.startsWith('List') ? kindOfPrefix(key) : kindOfKey(key);
const stageOf = ({ key }: S3Request): string => /^jobs\/[^/]+\/[^/]+\/([^/]+)\//.exec(key)?.[1] ?? '';
const term = (name: string, expected: Term['expected']): Term => {
  const [operation = '', kind = '', stage] = name.split(' ');
  const counts = (request: S3Request): boolean =>
    request.operation === operation &&
    kindOf(request) === kind &&
    (stage === undefined || stageOf(request) === stage);
  return { name, counts, expected };
};

/** Each task: its line, the plan, its commit before it begins; then its block and its commit. */
const TERMS: readonly Term[] = [
  term('GetObject plan', ({ M, R }) => M + R + 7),
  // Its own; seal; report; trace.
  term('GetObject commit 00-map', ({ M }) => 4 * M),
  // Its own; seal; publish; report; trace.
  term('GetObject commit 01-reduce', ({ R }) => 5 * R),
  // Its line each; split twice; the trace.
  term('GetObject tasks', ({ M }) => M + 3),
  term('GetObject index', ({ R }) => R + 3),
  term('PutObject block', ({ M, R }) => M + R),
  term('PutObject commit', ({ M, R }) => M + R),
  // Seal: that each is there; publish: that its bytes are those of the commit, and before each copy that it is.
  term('HeadObject block', ({ M, R }) => M + 2 * R),
  // Two stages are swept, 64 prefixes each.
  term('ListObjectsV2 block', () => 128),
  term('ListObjectsV2 commit', () => 8),
];

const SHUFFLE = term('GetObject block', ({ M, R }) => M * R);

/** Of an execution with two stages, whatever the number of tasks. */
const TRANSITIONS = 13;

/** Job, tasks, plan, seals, outcome, report, trace, slot, history: once or a few times a job. */
const OTHERS = 52;

/** Of the dispatcher that takes it from `waiting/`. One that another job calls meanwhile looks at it, too. */
const LEAST_LOOKS_AT_WAITING = 2;
const looksAtWaiting = ({ operation, key }: S3Request): boolean =>
  operation === 'GetObject' && key.startsWith('waiting/');

/** A read of a range that is late is raced by a second one for the same bytes: how often is up to the machine. */
const splitRaced = (
  requests: readonly S3Request[],
): { readonly first: readonly S3Request[]; readonly raced: readonly S3Request[] } => {
  const seen = new Set<string>();
  const raced: S3Request[] = [];
  const first = requests.filter((request) => {
    const { operation, key, range } = request;
    if (operation !== 'GetObject' || range === '') return true;
    const id = `${key} ${range}`;
    if (!seen.has(id)) return seen.add(id);
    raced.push(request);
    return false;
  });
  return { first, raced };
};

type Ran = { readonly id: string; readonly execution: EndedExecution };

const runJob = async ({ M, R }: Sizes, attempt: number): Promise<Ran> => {
  const id = `figures-${M}-${R}-${attempt}`;
  await stack.submit({
    id,
    tasks: { map: M, reduce: R },
    spec: {
      name: 'counted',
      input: { uri: `s3://${stack.data}/in/figures.csv` },
      steps: [{ group_by: { keys: ['k'], aggregates: { n: 'count(*)', m: 'median(v)' } } }],
      output: { uri: `s3://${stack.data}/results/${id}/` },
    },
  });
  // The events are read, and not the store: what the test asks of that would count.
  return { id, execution: await stack.execution(`${id}-0001-1`) };
};

/** A tick of the monitor within a job's time looks at the job too; right behind one none comes for a minute. */
const runBetweenTicks = async (sizes: Sizes): Promise<Ran> => {
  const door = { endpoint: stack.facts.endpoint ?? '' };
  const countTicks = async (): Promise<number> => (await listInvocations(door, '*Monitor*')).length;
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const before = await countTicks();
    await forgetRequests(door);
    const ran = await runJob(sizes, attempt);
    const after = await countTicks();
    if (after === before) return ran;
    await stack.waitUntil('a tick', async () => ((await countTicks()) > after ? true : undefined));
  }
  throw new Error('the monitor ticked within each of three jobs, which should take seconds');
};

const transitionsOf = ({ events }: EndedExecution): number =>
  events.filter(({ type }) => type?.endsWith('StateEntered')).length;

const largestStateOf = ({ events }: EndedExecution): number =>
  Math.max(
    ...events.flatMap(({ stateEnteredEventDetails: entered, stateExitedEventDetails: exited }) =>
      [entered?.input, exited?.output].map((text) => Buffer.byteLength(text ?? '')),
    ),
  );

describe('the requests of a job', () => {
  it.each<Sizes>([
    { M: 8, R: 8 },
    { M: 32, R: 32 },
  ])('follow the formula with $M map tasks and $R reduce tasks', async (sizes) => {
    const door = { endpoint: stack.facts.endpoint ?? '' };
    const { id, execution } = await runBetweenTicks(sizes);
    const requests = (await listRequests(door, stack.blocks)).filter(({ key }) => key.includes(id));
    const { first, raced } = splitRaced(requests);
    const counted = [...TERMS, SHUFFLE].map(({ name, counts, expected }) => ({
      name,
      found: first.filter(counts).length,
      expected: expected(sizes),
    }));
    expect(counted.filter(({ found, expected }) => found !== expected)).toEqual([]);
    const children = await stack.children(execution);
    const ofChildren = children.reduce((sum, child) => sum + transitionsOf(child), 0);
    // A child has the one state of its task, where nothing was tried again.
    expect([transitionsOf(execution), children.length, ofChildren]).toEqual([
      TRANSITIONS,
      sizes.M + sizes.R,
      sizes.M + sizes.R,
    ]);
    const state = largestStateOf(execution);
    expect(state).toBeLessThan(MOST_STATE_BYTES);
    const halts = first.filter((request) => kindOf(request) === 'halt').length;
    const input = (await listRequests(door, stack.data)).filter(({ key }) => key === 'in/figures.csv').length;
    const waits = first.filter(looksAtWaiting).length;
    expect(waits).toBeGreaterThanOrEqual(LEAST_LOOKS_AT_WAITING);
    const rest = first.length - counted.reduce((sum, { found }) => sum + found, 0) - halts - waits;
    // Constant, whatever the tasks are.
    expect(rest).toBe(OTHERS);
    process.stdout.write(
      `${sizes.M} x ${sizes.R}: ${requests.length} requests of the state, of them ${sizes.M * sizes.R} ranged reads of the shuffle ` +
        `and ${raced.length} that raced late ones, ${halts} looks at halt.json, ${waits} at its place in the queue, ${rest} others; ${input} reads of the input; ` +
        `${TRANSITIONS} transitions of the execution, ${children.length} starts of children and ${ofChildren} transitions of theirs; ` +
        `largest state ${state} bytes\n`,
    );
  });
});
