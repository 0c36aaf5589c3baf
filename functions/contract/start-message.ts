import * as z from 'zod';
import { JobId } from './ids.ts';
import { Job } from './job.ts';

/**
 * The most bytes of a message, as UTF-8. SQS takes 1 MiB today and took 256 KiB for years, as stores that speak its
 * protocol still do; EventBridge and the queue's own headers need the rest.
 */
export const MESSAGE_BYTES = 240 * 1024;

/** What the queue carries to `start`, beside events of the inbox. */
export const StartMessage = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('submit'), job: Job }),
    z.strictObject({ kind: z.literal('resume'), job: JobId }),
  ])
  .meta({ id: 'StartMessage' });
export type StartMessage = z.infer<typeof StartMessage>;

/** Tells the events of uploads from messages of ours. */
export const INBOX_SOURCE = 'aws.s3';

/**
 * An upload into the inbox, as EventBridge tells it.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export const InboxEvent = z.looseObject({
  source: z.literal(INBOX_SOURCE),
  'detail-type': z.literal('Object Created'),
  time: z.iso.datetime().optional().describe('when S3 told of it: from then on a deadline counts'),
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
