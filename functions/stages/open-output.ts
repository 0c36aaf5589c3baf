import type { Job } from '../contract/job.ts';
import { isS3Uri } from '../core/s3-uri.ts';
import { openFileOutput } from '../io/file-output.ts';
import type { Output } from '../io/output.ts';
import type { StageContext } from './stage-context.ts';

export type OutputOwner = Pick<Job, 'job' | 'spec' | 'submittedAt'>;
export type OutputContext = Pick<StageContext, 'store' | 's3'>;

/**
 * The output of a job, for claim, publish and release by a run; without one before a run is open. Fails with SpecError
 * where the address on S3 is none.
 */
export const openOutput = async (
  { s3 }: OutputContext,
  { job, spec, submittedAt }: OutputOwner,
  run?: string,
): Promise<Output> => {
  const claim = { job, at: submittedAt, ...(run === undefined ? {} : { run }) };
  const { uri } = spec.output;
  if (!isS3Uri(uri)) return openFileOutput(uri, claim);
  if (s3 === undefined)
    throw new Error(`the output ${uri} needs a client for S3, and nothing here opened one`);
  // The SDK is a megabyte of code, which jobs on files do without.
  const { openS3Output } = await import('../io/s3/s3-output.ts');
  return openS3Output(s3, uri, claim);
};

/** Fails with OutputExistsError where the output holds what the job may not replace; writes nothing. */
export const requireOutputFree = async (context: OutputContext, job: Job): Promise<void> =>
  (await openOutput(context, job)).requireFree(job.spec.output.mode);
