import * as z from 'zod';
import { ReplyFailure } from './api.ts';

/** The ending of {@link Rejection}: no upload with it is a spec, so that a rejection triggers nothing. */
export const REJECTED_ENDING = '.rejected.json';

/** Where uploads are specs, in the bucket of the data. */
export const INBOX = 'inbox/';
/** Endings of specs in the inbox. */
export const SPEC_ENDINGS = ['.yaml', '.yml', '.json'] as const;

/** Whether an upload is meant as a spec, by its key alone. */
export const isSpecKey = (key: string): boolean =>
  key.startsWith(INBOX) &&
  SPEC_ENDINGS.some((ending) => key.toLowerCase().endsWith(ending)) &&
  !key.toLowerCase().endsWith(REJECTED_ENDING);

/** `{key}.rejected.json`, beside an upload that is no job: which upload it was, and all that is wrong with it. */
export const Rejection = z
  .strictObject({
    key: z.string(),
    etag: z.string().describe('of the upload that is meant: a later one may be a job'),
    versionId: z.string().optional(),
    at: z.iso.datetime(),
    error: ReplyFailure,
  })
  .meta({ id: 'Rejection' });
export type Rejection = z.infer<typeof Rejection>;
