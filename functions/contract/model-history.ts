import * as z from 'zod';
import { JobId, Sha256 } from './ids.ts';
import { PlannedEngine } from './planned-infer.ts';

/** What decides how fast a model answers: entries of one subject stand under one digest. */
export const ModelSubject = z.strictObject({
  model: z.string().describe('the revision where it is known, else the name'),
  engine: PlannedEngine,
  machine: z.string().describe('as in InferFigures'),
});
export type ModelSubject = z.infer<typeof ModelSubject>;

/** What one step of a finished job asked of a model, and what it took. */
export const StepFigures = z.strictObject({
  step: Sha256.describe('of what decides how long answers are: task, prompts, sampling, shape, adapter'),
  answer: z.string().describe('the kind of the answer'),
  maxTokens: z.int().min(1).optional().describe('of chat and generate'),
  rows: z.int().min(1).describe('that were answered'),
  characters: z.int().min(0).describe('of their requests, as commits weigh them; 0 where not known'),
  promptTokens: z.int().min(0),
  outputTokens: z.int().min(0),
  seconds: z.number().positive().describe('in which the engine had rows, summed over workers'),
  startSeconds: z.number().min(0).optional().describe('of an engine of one worker; absent for an endpoint'),
});
export type StepFigures = z.infer<typeof StepFigures>;

/** What a finished job tells the plans of later jobs with the same model, engine and machine. */
export const ModelHistoryEntry = z
  .strictObject({
    job: JobId,
    finishedAt: z.iso.datetime(),
    subject: ModelSubject,
    steps: z.array(StepFigures).min(1),
  })
  .meta({ id: 'ModelHistoryEntry' });
export type ModelHistoryEntry = z.infer<typeof ModelHistoryEntry>;
