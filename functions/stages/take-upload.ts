/**
 * An upload into the inbox becomes a job, or is told beside it why not. The same upload is the same job however often
 * S3 tells of it: its id is made from bucket, key and version, and where buckets have no versions from ETag and
 * sequencer, so that a second upload of the same bytes is a second job.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import type { AllowedUris } from '../contract/allowed-uris.ts';
import { DaybreakError, type Problem, SpecError } from '../contract/errors.ts';
import { EXIT_CODES } from '../contract/failures.ts';
import type { Job } from '../contract/job.ts';
import { isSpecKey } from '../contract/rejection.ts';
import { SPEC_LIMITS } from '../contract/spec-limits.ts';
import type { InboxEvent } from '../contract/start-message.ts';
import { describeFailure } from '../core/describe-failure.ts';
import { requestJobId } from '../core/job-id.ts';
import { ruleOfInbox } from '../core/judge-allowed-uris.ts';
import { modulesOf } from '../core/modules-of.ts';
import { putRejection, readUpload, type UploadBytes } from '../io/cloud/inbox.ts';
import { digestOf } from '../io/digest.ts';
import { type ParsedSpec, readSpecBytes } from '../io/spec/parse-spec.ts';
import { requireSubmittable } from './judge-submission.ts';
import { makeJob } from './make-job.ts';

export type InboxContext = {
  readonly s3: S3Client;
  /** The bucket of the inbox: what happens in another one is none of ours. */
  readonly dataBucket: string;
  readonly allowed: AllowedUris;
  readonly now: () => Date;
};

export type TakenUpload =
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'rejected'; readonly error: DaybreakError; readonly told: 'put' | 'too-long' }
  /** `reason` goes on from "the upload". */
  | { readonly kind: 'nothing'; readonly reason: string };

/** Fails with StoreError. */
export const takeUpload = async (context: InboxContext, event: InboxEvent): Promise<TakenUpload> => {
  const { bucket, object } = event.detail;
  const { key, etag, 'version-id': versionId } = object;
  if (bucket.name !== context.dataBucket) return nothing(`is in another bucket, ${bucket.name}`);
  if (!isSpecKey(key)) return nothing('is no spec by its name');
  try {
    const read = await readUpload(context.s3, { bucket: bucket.name, key, etag, versionId });
    if (read === undefined) return nothing('is gone or was replaced: what replaced it is told by itself');
    return { kind: 'job', job: await makeUploadJob(context, event, read) };
  } catch (error) {
    if (!(error instanceof DaybreakError) || error.row.exitCode !== EXIT_CODES.refused) throw error;
    const at = context.now().toISOString();
    const rejection = { key, etag, versionId, at, error: describeFailure(error) };
    return { kind: 'rejected', error, told: await putRejection(context.s3, bucket.name, rejection) };
  }
};

const nothing = (reason: string): TakenUpload => ({ kind: 'nothing', reason });

const makeUploadJob = async (
  { allowed, now }: InboxContext,
  event: InboxEvent,
  read: UploadBytes,
): Promise<Job> => {
  const { key } = event.detail.object;
  const parsed = readSpecBytes(bytesOf(read), { file: key.slice(key.lastIndexOf('/') + 1) });
  // From then on its deadline counts, however long the queue was.
  const submittedAt = event.time === undefined ? now() : new Date(event.time);
  await requireSubmittable(parsed, {
    now: submittedAt,
    uris: ruleOfInbox(allowed, key) ?? { inputs: [], outputs: [] },
    more: findModules(parsed),
  });
  const id = requestJobId(parsed.spec.name, requestOf(event));
  return makeJob(parsed, { id, now: submittedAt, submittedBy: `inbox: ${key}` });
};

const bytesOf = (read: UploadBytes): Uint8Array => {
  if (read.kind === 'bytes') return read.bytes;
  throw new SpecError([{ path: '', message: `a spec is at most ${SPEC_LIMITS.documentBytes} bytes` }]);
};

/** Code comes from whoever may run code here: an upload does not say who that is. */
const findModules = ({ spec }: ParsedSpec): readonly Problem[] =>
  modulesOf(spec).map(({ path }) => ({
    path,
    message: 'a job of the inbox brings no modules; send it with `daybreak submit`',
  }));

const requestOf = ({ detail: { bucket, object } }: InboxEvent): string => {
  const { key, etag, sequencer = '', 'version-id': versionId } = object;
  const upload =
    versionId === undefined || versionId === 'null' ? ['etag', etag, sequencer] : ['version', versionId];
  return digestOf(['inbox', bucket.name, key, ...upload]);
};
