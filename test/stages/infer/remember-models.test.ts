import { describe, expect, it } from 'vitest';
import { Commit } from '../../../functions/contract/commit.ts';
import type { Plan } from '../../../functions/contract/plan.ts';
import type { PlannedInferStep } from '../../../functions/contract/planned-infer.ts';
import { Sealed } from '../../../functions/contract/sealed.ts';
import { commitAttempt } from '../../../functions/io/commit-attempt.ts';
import { openFileStore } from '../../../functions/io/file-store.ts';
import type { ObjectStore } from '../../../functions/io/object-store.ts';
import { putSealed } from '../../../functions/io/seal-stage.ts';
import { estimateStep } from '../../../functions/stages/infer/estimate-step.ts';
import { rememberModels } from '../../../functions/stages/infer/remember-models.ts';
import { readStoreCases } from '../../conformance/store-case.ts';
import { withFolder } from '../../io/open-input.ts';

const { base } = readStoreCases();
const commit = Commit.parse(base.commit);
const sealed = Sealed.parse(base.sealed);
const MACHINE = 'a CPU, 2 threads';

const step: PlannedInferStep = {
  kind: 'infer',
  step: 0,
  columns: [],
  input: [],
  uses: [],
  task: 'chat',
  engine: { kind: 'vllm', args: { dtype: 'bfloat16' } },
  model: { name: 'smollm2', revision: 'files-0123' },
  prompts: { prompt: '{{ text }}' },
  sampling: { max_tokens: 40 },
  answer: { kind: 'text' },
  seed: 1,
  output: { name: 'answer', type: 'VARCHAR' },
};

const STAGES = ['00-map', '01-infer', '02-reduce'];
// Only what is read of a plan here.
const planOf = (job: string): Plan =>
  ({
    job,
    run: '0001',
    stageIds: STAGES,
    stages: [
      { kind: 'map', steps: [] },
      { kind: 'infer', opening: step, steps: [] },
      { kind: 'reduce', steps: [] },
    ],
  }) as unknown as Plan;

const seal = async (store: ObjectStore, commits: readonly Commit[]): Promise<void> => {
  for (const each of commits) await commitAttempt(store, each);
  const [{ job, run, stage }] = commits as [Commit];
  await putSealed(store, {
    ...sealed,
    job,
    run,
    stage,
    commits: commits.map(({ task, attempt }) => [task, run, attempt]),
    missing: [],
    amendments: 0,
  });
};

/** A job of 30 rows and two tasks, of 10 and 20 rows, that were open one behind the other. */
const finish = async (store: ObjectStore, job: string): Promise<void> => {
  const of = (stage: string, task: number, more: Partial<Commit>): Commit => ({
    ...commit,
    job,
    run: '0001',
    stage,
    task: task.toString().padStart(6, '0'),
    ...more,
  });
  const figures = {
    promptTokens: 300,
    outputTokens: 100,
    seconds: 4,
    startSeconds: 48,
    engine: 'vllm 0.32.0 cpu',
    machine: MACHINE,
  };
  // A row of 150,000 characters was too long: its characters are none of those that were answered.
  await seal(store, [of('00-map', 0, { weights: [1_000, 151_400] })]);
  await seal(store, [
    of('01-infer', 0, {
      endedAt: '2026-11-28T00:00:04.000Z',
      infer: { ...figures, rows: 10, characters: 1_000 },
    }),
    of('01-infer', 1, {
      endedAt: '2026-11-28T00:00:08.000Z',
      infer: { ...figures, rows: 20, characters: 1_400 },
    }),
  ]);
  await rememberModels(store, { plan: planOf(job), finishedAt: '2026-11-28T00:00:09.000Z' });
};

const estimate = (store: ObjectStore, asked: PlannedInferStep, machine: string) =>
  estimateStep(store, { step: asked, facts: { machine }, sample: undefined });

describe('rememberModels', () => {
  it('lets the next plan with this model on this machine know what it took', () =>
    withFolder(async (folder) => {
      const store = await openFileStore(folder);
      expect(await estimate(store, step, MACHINE)).toMatchObject({
        basis: 'assumed',
        outputTokensPerRow: 20,
      });
      await finish(store, 'first');
      await finish(store, 'first'); // finished again: the same entry
      const known = await estimate(store, step, MACHINE);
      expect(known).toMatchObject({
        basis: 'history',
        tokensPerSecond: 100,
        promptTokensPerCharacter: 0.25,
        promptBasis: 'history',
        startSeconds: 48,
      });
      expect(known.outputTokensPerRow).toBeCloseTo(200 / 30);
      expect(known.because).toMatch(/one finished step/);
    }));

  it('says nothing of another machine, another revision or another engine', () =>
    withFolder(async (folder) => {
      const store = await openFileStore(folder);
      await finish(store, 'first');
      const others: readonly (readonly [PlannedInferStep, string])[] = [
        [step, 'L4'],
        [{ ...step, model: { name: 'smollm2', revision: 'files-4567' } }, MACHINE],
        [{ ...step, engine: { kind: 'vllm', args: { dtype: 'float32' } } }, MACHINE],
        [{ ...step, engine: { kind: 'endpoint', name: 'vendor' } }, MACHINE],
      ];
      for (const [asked, machine] of others)
        expect((await estimate(store, asked, machine)).tokensPerSecond).toBeUndefined();
    }));

  it('writes nothing of a job without a model', () =>
    withFolder(async (folder) => {
      const store = await openFileStore(folder);
      const plan = { ...planOf('plain'), stages: [{ kind: 'map', steps: [] }] } as unknown as Plan;
      await rememberModels(store, { plan, finishedAt: '2026-11-28T00:00:09.000Z' });
      const keys: string[] = [];
      for await (const { key } of store.list('history/')) keys.push(key);
      expect(keys).toEqual([]);
    }));
});
