/** Interprets the cases of store-cases.json, as README.md describes them, against a store. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Amendment } from '../../functions/contract/amendment.ts';
import { Commit } from '../../functions/contract/commit.ts';
import { renderBlockKey } from '../../functions/contract/keys.ts';
import { Halt, Outcome } from '../../functions/contract/outcome.ts';
import { PlanHeader } from '../../functions/contract/plan-header.ts';
import { Sealed } from '../../functions/contract/sealed.ts';
import { reconcileCommits } from '../../functions/core/reconcile-commits.ts';
import { commitAttempt, isTaskDone, listCommits, readCommit } from '../../functions/io/commit-attempt.ts';
import { putHalt, readHalt } from '../../functions/io/halt.ts';
import type { ObjectStore } from '../../functions/io/object-store.ts';
import { openRun } from '../../functions/io/open-run.ts';
import { putOutcome, readOutcome } from '../../functions/io/put-outcome.ts';
import { listAmendments, putAmendment, putSealed, readSealed } from '../../functions/io/seal-stage.ts';
import { type Fault, openFaultyStore } from './faulty-store.ts';
import type { Step, StoreCase, StoreCases } from './store-case.ts';

/** Runs `use` on the store of the case with these faults in the way of its requests. */
export type PlayFaults = <Result>(
  faults: readonly Fault[],
  use: (store: ObjectStore) => Promise<Result>,
) => Promise<Result>;

/** An empty store, and how its faults are played: at the port unless something else is said. */
export type CasePlace = { readonly store: ObjectStore; readonly playFaults?: PlayFaults };

type World = Required<CasePlace> & { readonly base: StoreCases['base']; openings: number };
type Operation = (store: ObjectStore, step: Step, world: World) => Promise<unknown>;

const need = (step: Step, field: 'key' | 'prefix' | 'text'): string => {
  const value = step[field];
  if (value === undefined) throw new Error(`the step ${step.op} needs ${field}`);
  return value;
};
const bytesOf = (step: Step): Uint8Array =>
  new TextEncoder().encode(need(step, 'text').repeat(step.repeat ?? 1));
const textOf = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? null : new TextDecoder().decode(bytes);
const withBase = (world: World, name: string, step: Step): unknown => ({ ...world.base[name], ...step.with });
const commitOf = (world: World, step: Step): Commit => Commit.parse(withBase(world, 'commit', step));
const blockKeyOf = (commit: Commit): string => renderBlockKey({ ...commit, format: commit.block.format });

const STORE: Readonly<Record<string, Operation>> = {
  put: (store, step) => store.put(need(step, 'key'), bytesOf(step)),
  putIfAbsent: (store, step) => store.putIfAbsent(need(step, 'key'), bytesOf(step)),
  putFile: async (store, step) => {
    const folder = await mkdtemp(join(tmpdir(), 'daybreak-case-'));
    try {
      await writeFile(join(folder, 'file'), bytesOf(step));
      await store.putFile(need(step, 'key'), join(folder, 'file'));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  get: async (store, step) => textOf(await store.get(need(step, 'key'))),
  getRange: async (store, step) =>
    textOf(await store.getRange(need(step, 'key'), step.offset ?? 0, step.lengthBytes ?? 0)),
  head: async (store, step) => (await store.head(need(step, 'key'))) ?? null,
  list: async (store, step) => {
    const keys: string[] = [];
    for await (const { key } of store.list(need(step, 'prefix'))) keys.push(key);
    return keys;
  },
  listFolders: async (store, step) => {
    const names: string[] = [];
    for await (const name of store.listFolders(need(step, 'prefix'))) names.push(name);
    return names;
  },
  sums: async (store, step) => (await store.sums(need(step, 'key'))) ?? null,
  deleteIfSame: (store, step) => store.deleteIfSame(need(step, 'key'), bytesOf(step)),
  delete: (store, step) => store.delete(need(step, 'key')),
  deletePrefix: (store, step) => store.deletePrefix(need(step, 'prefix')),
};

const LAW: Readonly<Record<string, Operation>> = {
  commit: async (store, step, world) => {
    const { chosen, isMine } = await commitAttempt(store, commitOf(world, step), step.run);
    return { attempt: chosen.attempt, run: chosen.run, isMine };
  },
  readCommit: async (store, step, world) => (await readCommit(store, commitOf(world, step))) ?? null,
  listCommits: async (store, step, world) =>
    (await listCommits(store, commitOf(world, step))).map(({ task, attempt }) => [task, attempt]),
  seal: async (store, step, world) => {
    const { chosen, isMine } = await putSealed(
      store,
      Sealed.parse(withBase(world, 'sealed', step)),
      step.run,
    );
    return { attempt: chosen.attempt, run: chosen.run, isMine };
  },
  readSealed: async (store, step, world) => (await readSealed(store, commitOf(world, step))) ?? null,
  amend: async (store, step, world) => {
    const amendment = Amendment.parse(withBase(world, 'amendment', step));
    const place = { k: step.k ?? 0, ...(step.run === undefined ? {} : { run: step.run }) };
    const { chosen, isMine } = await putAmendment(store, place, amendment);
    return { reason: chosen.reason, isMine };
  },
  listAmendments: async (store, step, world) =>
    (await listAmendments(store, commitOf(world, step))).map(({ reason }) => reason),
  outcome: async (store, step, world) => {
    const { chosen, isMine } = await putOutcome(store, Outcome.parse(withBase(world, 'outcome', step)));
    return { kind: chosen.kind, isMine };
  },
  readOutcome: async (store, step, world) => (await readOutcome(store, commitOf(world, step))) ?? null,
  halt: async (store, step, world) => {
    const { chosen, isMine } = await putHalt(store, Halt.parse(withBase(world, 'halt', step)));
    return { reason: chosen.reason, isMine };
  },
  readHalt: async (store, step, world) => (await readHalt(store, commitOf(world, step))) ?? null,
  isTaskDone: (store, step, world) => isTaskDone(store, commitOf(world, step)),
  reconcile: async (store, step, world) => {
    const stage = commitOf(world, step);
    const [amendments, commits] = [await listAmendments(store, stage), await listCommits(store, stage)];
    const result = reconcileCommits({ where: stage.stage, tasks: step.tasks ?? [], amendments, commits });
    return {
      done: result.done.map(({ task, attempt }) => [task, attempt]),
      missing: result.missing,
      voided: [...result.voided],
    };
  },
  block: (store, step, world) => {
    const commit = commitOf(world, step);
    return store.put(blockKeyOf(commit), new Uint8Array(commit.block.sizeBytes));
  },
  deleteBlock: (store, step, world) => store.delete(blockKeyOf(commitOf(world, step))),
};

const RUNS: Readonly<Record<string, Operation>> = {
  openRun: async (store, step, world) => {
    const plan = PlanHeader.omit({ run: true, openedAt: true, adopted: true, rejectLimit: true }).parse(
      withBase(world, 'plan', step),
    );
    world.openings += 1;
    const openedAt = new Date(Date.UTC(2026, 10, 22) + world.openings).toISOString();
    const opened = await openRun(store, plan, { openedAt });
    return opened.kind === 'open'
      ? { kind: opened.kind, run: opened.run, isNew: opened.isNew }
      : { kind: opened.kind, run: opened.run, outcome: opened.outcome.kind };
  },
};

const OPERATIONS: Readonly<Record<string, Operation>> = { ...STORE, ...LAW, ...RUNS };

const numbered = (step: Step, actor: number): Step =>
  JSON.parse(JSON.stringify(step).replaceAll('{i}', actor.toString(16))) as Step;

const runActor = async (world: World, steps: readonly Step[]): Promise<unknown[]> => {
  const results: unknown[] = [];
  for (const step of steps) results.push(await runStep(world, step));
  return results;
};

const runTogether = async (world: World, step: Step): Promise<void> => {
  const actors =
    step.actors ??
    Array.from({ length: step.times ?? 1 }, (_, actor) =>
      (step.steps ?? []).map((each) => numbered(each, actor)),
    );
  const results = (await Promise.all(actors.map((steps) => runActor(world, steps)))).flat();
  const { count, agree, among } = (step.expect ?? {}) as {
    readonly count?: readonly { readonly match: unknown; readonly times: number }[];
    readonly agree?: string;
    readonly among?: readonly unknown[];
  };
  for (const { match, times } of count ?? []) {
    expect(
      results.filter((result) => isMatch(result, match)),
      JSON.stringify(match),
    ).toHaveLength(times);
  }
  if (agree !== undefined) {
    const values = results.map((result) =>
      agree === '' ? result : (result as Record<string, unknown>)[agree],
    );
    expect(new Set(values).size, `one ${agree} of ${values.join(', ')}`).toBe(1);
  }
  if (among !== undefined) {
    for (const result of results)
      expect(
        among.some((one) => isMatch(result, one)),
        String(result),
      ).toBe(true);
  }
};

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of an object only what is expected is compared. */
const isMatch = (result: unknown, expected: unknown): boolean => {
  if (!isPlainObject(expected)) return JSON.stringify(result) === JSON.stringify(expected);
  return (
    isPlainObject(result) && Object.entries(expected).every(([field, value]) => isMatch(result[field], value))
  );
};

const runStep = async (world: World, step: Step): Promise<unknown> => {
  if (step.op === 'together') return runTogether(world, step);
  const operation = OPERATIONS[step.op];
  if (operation === undefined) throw new Error(`no such op: ${step.op}`);
  const faults = (step.faults ?? []).map(({ meanwhile, ...fault }): Fault => {
    if (meanwhile === undefined) return fault as Fault;
    return { ...(fault as Fault), meanwhile: async () => void (await runActor(world, meanwhile)) };
  });
  if (faults.length === 0) return runOperation(world, { step, operation, store: world.store });
  return world.playFaults(faults, (store) => runOperation(world, { step, operation, store }));
};

type Performed = { readonly step: Step; readonly operation: Operation; readonly store: ObjectStore };

const runOperation = async (world: World, { step, operation, store }: Performed): Promise<unknown> => {
  const expected = step.expect;
  if (isPlainObject(expected) && typeof expected.error === 'string') {
    const failure = await operation(store, step, world).then(
      (result) => new Error(`the step gave ${JSON.stringify(result)}`),
      (error: unknown) => error as Error,
    );
    expect(`${failure.name}: ${failure.message}`).toMatch(new RegExp(`^${expected.error}: `));
    return undefined;
  }
  const result = (await operation(store, step, world)) ?? null;
  if (expected !== undefined && !isMatch(result, expected)) {
    // Matching has failed, so this throws, with the difference.
    expect(result, `step ${JSON.stringify(step)}`).toMatchObject(expected as object);
    expect(result, `step ${JSON.stringify(step)}`).toEqual(expected);
  }
  return result;
};

/** Runs one case on an empty store; throws where the store does not keep it. */
export const runStoreCase = async (
  { store, playFaults = (faults, use) => use(openFaultyStore(store, faults)) }: CasePlace,
  { base }: StoreCases,
  { steps }: StoreCase,
): Promise<void> => {
  await runActor({ store, playFaults, base, openings: 0 }, steps);
};
