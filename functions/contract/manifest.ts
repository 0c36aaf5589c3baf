import * as z from 'zod';
import { Counts } from './counts.ts';
import { BlockFormat, JobId, RunId, Sha256, StageId, TaskId } from './ids.ts';
import { OUTPUT_KEYS } from './keys.ts';

const part = (isName: (name: string) => boolean) =>
  z.strictObject({
    name: z.string().refine(isName, 'not a name that a part can have').describe('relative to the output'),
    rows: z.int().nonnegative(),
    sizeBytes: z.int().nonnegative(),
    sha256: Sha256,
  });

export const ManifestPart = part((name) => OUTPUT_KEYS.part.parse(name) !== undefined).meta({
  id: 'ManifestPart',
});
export type ManifestPart = z.infer<typeof ManifestPart>;

export const ManifestRejects = part((name) => OUTPUT_KEYS.rejects.parse(name) !== undefined).meta({
  id: 'ManifestRejects',
});
export type ManifestRejects = z.infer<typeof ManifestRejects>;

/** Lists an output. Written last: an output is complete when its manifest exists. */
export const Manifest = z
  .strictObject({
    job: JobId,
    submittedAt: z.iso
      .datetime()
      .optional()
      .describe(
        'of the job, which tells it from another of the same id; absent in outputs of early versions',
      ),
    run: RunId,
    outcome: z.enum(['published', 'partial']),
    specDigest: Sha256.describe('of the validated spec'),
    format: BlockFormat,
    columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
    rows: z.int().nonnegative(),
    parts: z.array(ManifestPart).describe('in task order, which is the order of the rows'),
    rejects: z.array(ManifestRejects),
    missing: z
      .array(z.strictObject({ stage: StageId, tasks: z.array(TaskId) }))
      .describe('empty unless partial'),
    counts: Counts.describe('of the whole job'),
    createdAt: z.iso.datetime(),
  })
  .refine((manifest) => manifest.parts.reduce((rows, { rows: more }) => rows + more, 0) === manifest.rows, {
    path: ['rows'],
    error: 'rows is not the sum over the parts',
  })
  .meta({ id: 'Manifest' });
export type Manifest = z.infer<typeof Manifest>;
