import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { SpecError } from '../contract/errors.ts';
import type { Job } from '../contract/job.ts';
import { judgeOutputPlace, type Places } from '../core/judge-output-place.ts';
import { isS3Uri } from '../core/s3-uri.ts';
import { mapBounded } from '../io/map-bounded.ts';
import type { ObjectStore } from '../io/object-store.ts';
import { type OutputContext, openOutput } from './open-output.ts';
import type { StageContext } from './stage-context.ts';

type Reserved = Places['reserved'][number];

/** A call of the file system each: enough to hide a disk's latency. */
const MAX_CALLS = 32;

/**
 * Fails with SpecError where a job would read what it writes, replace what it reads, or write among the state. Writes
 * nothing.
 */
export const requireOutputApart = async (
  context: OutputContext & Pick<StageContext, 'reserved'>,
  reading: {
    readonly job: Pick<Job, 'job' | 'spec' | 'submittedAt'>;
    /** The input's files: absolute paths, or addresses on S3. */
    readonly files: readonly string[];
    readonly baseDir: string;
  },
): Promise<void> => {
  const { job, baseDir } = reading;
  const { uri } = job.spec.input;
  const output = await openOutput(context, job);
  const message = judgeOutputPlace({
    output: withoutSlash(output.place),
    part: { job: job.job, format: job.spec.output.format },
    inputs: await mapBounded(typeof uri === 'string' ? [uri] : uri, MAX_CALLS, (each) =>
      resolvePlace(each, baseDir),
    ),
    files: await mapBounded(reading.files, MAX_CALLS, (each) => resolvePlace(each, baseDir)),
    reserved: [await stateOf(context.store), ...(context.reserved ?? []).map(reservedOf)],
  });
  if (message !== undefined) throw new SpecError([{ path: 'output.uri', message }]);
};

/** Whoever may write there could change what any job has decided. */
const stateOf = async (store: ObjectStore): Promise<Reserved> => {
  const onS3 = store.s3Location?.('jobs');
  if (onS3 !== undefined) return { what: 'the bucket of the state', place: `s3://${onS3.bucket}` };
  const onFiles = store.localPath('jobs');
  if (onFiles === undefined) throw new Error('a store is on files or on S3');
  return { what: 'the work folder', place: await resolveLinks(path.dirname(onFiles)) };
};

const reservedOf = (uri: string): Reserved => ({ what: 'the reserved', place: withoutSlash(uri) });

const withoutSlash = (place: string): string => place.replace(/(?<=[^/])\/+$/u, '');

const resolvePlace = async (place: string, baseDir: string): Promise<string> =>
  isS3Uri(place) ? place.replace(/^S3/u, 's3') : resolveLinks(path.resolve(baseDir, place));

/** The path without links, up to its first component that is a pattern or is not there. */
const resolveLinks = async (wanted: string): Promise<string> => {
  try {
    return await realpath(wanted);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ENAMETOOLONG') throw error;
  }
  const parent = path.dirname(wanted);
  return parent === wanted ? wanted : path.join(await resolveLinks(parent), path.basename(wanted));
};
