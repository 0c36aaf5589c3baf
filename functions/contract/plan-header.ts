import * as z from 'zod';
import { FormatVersions } from './format-versions.ts';
import { JobId, RunId, Sha256, StageId } from './ids.ts';

/**
 * What a run takes over from an earlier one. It stands in plan.json and is thereby decided once: whoever
 * opens, continues or resumes the run adopts exactly this, any number of times.
 */
export const Adopted = z
  .strictObject({
    run: RunId.describe('the run adopted from'),
    sealed: z.array(StageId).describe('stages whose seal is adopted, from the first on'),
    open: z
      .strictObject({
        stage: StageId,
        amendments: z.int().min(0).max(8).describe('adopted amendments, from k = 0; later ones are not'),
        withoutModuleRejects: z
          .literal(true)
          .optional()
          .describe(
            'tasks in which a function of a user rejected rows run again: too many of them ended the run',
          ),
      })
      .optional()
      .describe('the stage whose commits are adopted one by one'),
  })
  .meta({ id: 'Adopted' });
export type Adopted = z.infer<typeof Adopted>;

/** A limit on rejected rows: as a count judged in the task, as a rate of the rows read at seal. */
export const RejectLimit = z.strictObject({ unit: z.enum(['rows', 'rate']), value: z.number().min(0) });
export type RejectLimit = z.infer<typeof RejectLimit>;

/** The part of plan.json that decides what a run is. The plan adds its own fields to it. */
export const PlanHeader = z
  .looseObject({
    job: JobId,
    run: RunId,
    digest: Sha256.describe(
      'covers all that decides what a task of a given id does: steps, stages, and the pinned tasks of the first stage',
    ),
    formats: FormatVersions,
    stageIds: z.array(StageId).min(1).describe('the stages in order'),
    openedAt: z.iso.datetime(),
    rejectLimit: RejectLimit.optional().describe(
      'what this run may reject: of the spec, unless a resume has asked for another; no part of the digest, for no row depends on it',
    ),
    adopted: Adopted.optional(),
  })
  .meta({ id: 'PlanHeader' });
export type PlanHeader = z.infer<typeof PlanHeader>;
