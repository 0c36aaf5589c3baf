import * as z from 'zod';
import { JobId } from './ids.ts';
import { Job } from './job.ts';

/** What the queue carries to `start`, beside events of the inbox. */
export const StartMessage = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('submit'), job: Job }),
    z.strictObject({ kind: z.literal('resume'), job: JobId }),
  ])
  .meta({ id: 'StartMessage' });
export type StartMessage = z.infer<typeof StartMessage>;

/**
 * An upload into the inbox, as EventBridge tells it.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export const InboxEvent = z.looseObject({
  source: z.literal('aws.s3'),
  'detail-type': z.literal('Object Created'),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string() }),
    object: z.looseObject({
      key: z.string(),
      size: z.int().min(0).optional(),
      etag: z.string(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});
export type InboxEvent = z.infer<typeof InboxEvent>;
