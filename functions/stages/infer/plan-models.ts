import { createHash } from 'node:crypto';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { PlannedInferStep } from '../../contract/planned-infer.ts';
import type { BoundCut } from '../../core/plan-job.ts';
import type { EngineFacts } from '../../io/models/engine-facts.ts';
import type { InferBinding } from '../bind-steps.ts';
import type { JobToPlan } from '../split.ts';
import type { StageContext } from '../stage-context.ts';
import { type SampledInput, sampleRequests } from './sample-requests.ts';

/** What was found of the models of a job, by the positions of their steps. */
export type ModelFacts = ReadonlyMap<number, EngineFacts>;

/** What steps `infer` are bound with, where any may run; `facts` fills as they are bound. */
export const bindModels = (
  { engines, signal, resources: { threads } }: StageContext,
  { job, spec, baseDir = path.sep }: JobToPlan,
): { readonly infer: InferBinding | undefined; readonly facts: ModelFacts } => {
  const facts = new Map<number, EngineFacts>();
  if (engines === undefined) return { infer: undefined, facts };
  const adapters = spec.lora ?? [];
  const infer: InferBinding = {
    seed: spec.seed ?? drawSeed(job),
    findFacts: async (step, index) => {
      const found = await engines.find({ step, index, adapters, baseDir, threads, signal });
      facts.set(index, found);
      return found;
    },
  };
  return { infer, facts };
};

/** Where a spec says nothing, each job has its own seed, and keeps it when it is resumed. */
const SEED_BYTES = 6;
const drawSeed = (job: string): number => createHash('sha256').update(job).digest().readUIntBE(0, SEED_BYTES);

/** Adds to each stage that runs a model what it is expected to take. */
export const estimateModels = async (
  { engines }: StageContext,
  connection: DuckDBConnection,
  {
    cuts,
    facts,
    place,
  }: { readonly cuts: readonly BoundCut[]; readonly facts: ModelFacts; readonly place: SampledInput },
): Promise<readonly BoundCut[]> => {
  const estimated: BoundCut[] = [];
  for (const [index, cut] of cuts.entries()) {
    const step = cut.kind === 'infer' ? modelOf(cut) : undefined;
    const found = step === undefined ? undefined : facts.get(step.step);
    if (step === undefined || found === undefined || engines === undefined) {
      estimated.push(cut);
      continue;
    }
    // Only rows that come straight from the input can be looked at before anything has run.
    const before = index === 1 ? cuts[0]?.steps : undefined;
    const sample =
      before === undefined ? undefined : await sampleRequests(connection, place, { before, step });
    estimated.push({ ...cut, infer: await engines.estimate({ step, facts: found, sample }) });
  }
  return estimated;
};

export const modelOf = ({ opening }: Pick<BoundCut, 'opening'>): PlannedInferStep => {
  if (opening?.kind === 'infer') return opening;
  throw new Error('a stage that runs a model opens with its step');
};
