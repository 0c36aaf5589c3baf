import { createHash } from 'node:crypto';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { EndpointPrice } from '../../contract/endpoint-settings.ts';
import type { PinnedInput } from '../../contract/pinned-input.ts';
import type { InferEstimate, InferRequest, PlannedInferStep } from '../../contract/planned-infer.ts';
import { describeConstantPrompt } from '../../core/describe-constant-prompt.ts';
import type { BoundCut } from '../../core/plan-job.ts';
import type { EngineFacts } from '../../io/models/engine-facts.ts';
import type { InferBinding } from '../bind-steps.ts';
import type { JobToPlan } from '../split.ts';
import type { StageContext } from '../stage-context.ts';
import { inferStepOf } from './infer-step-of.ts';
import { type RequestSample, type SampledInput, sampleRequests } from './sample-requests.ts';

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

/** What is known of a step `infer` before the job begins: what `daybreak plan` shows. */
export type ModelOutlook = {
  readonly stage: number;
  readonly because: string;
  readonly notes: readonly string[];
  readonly estimate: InferEstimate;
  /** Undefined where rows cannot be looked at before the stages before have run. */
  readonly sample: Omit<RequestSample, 'requests'> | undefined;
  /** Rows that reach the step; undefined where nobody has counted the rows of the input. */
  readonly rows: number | undefined;
  /** Of the requests of the sample: counted, else by their characters; undefined where none was looked at. */
  readonly tokens: { readonly each: number; readonly isExact: boolean } | undefined;
  readonly price?: EndpointPrice;
};

/** Enough to tell the length of prompts. */
const SAMPLE_ROWS = 100;

/** Adds to each stage that runs a model what it is expected to take. */
export const estimateModels = async (
  context: StageContext,
  connection: DuckDBConnection,
  given: { readonly cuts: readonly BoundCut[]; readonly facts: ModelFacts; readonly place: SampledInput },
): Promise<{ readonly cuts: readonly BoundCut[]; readonly models: readonly ModelOutlook[] }> => {
  const { engines } = context;
  const models: ModelOutlook[] = [];
  const cuts: BoundCut[] = [];
  for (const [stage, cut] of given.cuts.entries()) {
    const step = cut.kind === 'infer' ? inferStepOf(cut) : undefined;
    const facts = step === undefined ? undefined : given.facts.get(step.step);
    if (step === undefined || facts === undefined || engines === undefined) {
      cuts.push(cut);
      continue;
    }
    // Only rows that come straight from the input can be looked at before anything has run.
    const before = stage === 1 ? given.cuts[0]?.steps : undefined;
    const sample =
      before === undefined
        ? undefined
        : await sampleRequests(connection, given.place, {
            before,
            step,
            rows: engines.sampleRows ?? SAMPLE_ROWS,
            signal: context.signal,
            findTooLong: (requests) => findTooLong(step, facts, requests),
          });
    const estimate = await engines.estimate({ step, facts, sample });
    cuts.push({ ...cut, infer: estimate });
    models.push({ stage, ...(await lookAhead({ step, facts, estimate, sample }, given.place.input)) });
  }
  return { cuts, models };
};

type Looked = {
  readonly step: PlannedInferStep;
  readonly facts: EngineFacts;
  readonly estimate: InferEstimate;
  readonly sample: RequestSample | undefined;
};

const lookAhead = async (
  { step, facts, estimate, sample }: Looked,
  input: PinnedInput,
): Promise<Omit<ModelOutlook, 'stage'>> => {
  const { because, countTokens, price } = facts;
  const notes = [...facts.notes, ...noteConstantPrompt(step)];
  const known = { because, notes, estimate, ...(price === undefined ? {} : { price }) };
  if (sample === undefined) return { ...known, sample, rows: undefined, tokens: undefined };
  const { requests, ...seen } = sample;
  const counted = requests.length === 0 ? undefined : await countTokens?.(requests);
  const sum = counted?.tokens.reduce((all, each) => all + each, 0);
  return {
    ...known,
    notes: counted?.because === undefined ? notes : [...notes, counted.because],
    sample: seen,
    rows: extrapolateRows(seen, input),
    tokens:
      counted === undefined
        ? tokensByLength(sample, estimate)
        : { each: (sum ?? 0) / requests.length, isExact: counted.isExact },
  };
};

const noteConstantPrompt = ({ uses, prompts }: PlannedInferStep): readonly string[] =>
  uses.length > 0 || prompts.messages !== undefined ? [] : [describeConstantPrompt(prompts)];

const tokensByLength = (
  { requests, characters }: RequestSample,
  { promptTokensPerCharacter }: InferEstimate,
): ModelOutlook['tokens'] =>
  requests.length === 0
    ? undefined
    : { each: (characters / requests.length) * promptTokensPerCharacter, isExact: false };

const extrapolateRows = (
  { rows, read, isAll }: Pick<RequestSample, 'rows' | 'read' | 'isAll'>,
  { files }: PinnedInput,
): number | undefined => {
  if (isAll) return rows;
  const all = files.reduce((sum, file) => sum + (file.rows ?? Number.NaN), 0);
  return Number.isNaN(all) || read === 0 ? undefined : Math.round((rows / read) * all);
};

/** A token is a byte at least: shorter requests need not be counted. */
const MOST_COUNTED = 1_000;

/** The requests that leave no room for an answer, by their indexes; none where the step says on which side to cut. */
const findTooLong = async (
  { sampling, truncate }: PlannedInferStep,
  { contextTokens, countTokens }: EngineFacts,
  requests: readonly InferRequest[],
): Promise<readonly number[]> => {
  if (contextTokens === undefined || countTokens === undefined || truncate !== undefined) return [];
  const room = contextTokens - (sampling?.max_tokens ?? 0);
  const candidates = requests
    .flatMap((request, index) => (Buffer.byteLength(JSON.stringify(request)) > room ? [index] : []))
    .slice(0, MOST_COUNTED);
  const { tokens } = await countTokens(candidates.flatMap((index) => requests[index] ?? []));
  return candidates.filter((_, at) => (tokens[at] ?? 0) > room);
};
