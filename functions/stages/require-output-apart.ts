import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { SpecError } from '../contract/errors.ts';
import type { Job } from '../contract/job.ts';
import { judgeOutputPlace } from '../core/judge-output-place.ts';
import { isS3Uri } from '../core/s3-uri.ts';
import { mapBounded } from '../io/map-bounded.ts';
import { openOutput } from './open-output.ts';
import type { StageContext } from './stage-context.ts';

/** A call of the file system each: enough to hide a disk's latency. */
const MAX_CALLS = 32;

/** Fails with SpecError where a job on files would read what it writes, or replace what it reads. Writes nothing. */
export const requireOutputApart = async (
  context: Pick<StageContext, 'store'>,
  reading: {
    readonly job: Pick<Job, 'job' | 'spec' | 'submittedAt'>;
    /** The input's files, absolute. */
    readonly files: readonly string[];
    readonly baseDir: string;
  },
): Promise<void> => {
  const { job, baseDir } = reading;
  const { uri } = job.spec.input;
  const output = await openOutput(context, job);
  const state = context.store.localPath('jobs');
  const message = judgeOutputPlace({
    output: output.place,
    part: { job: job.job, format: job.spec.output.format },
    inputs: await mapBounded(local(typeof uri === 'string' ? [uri] : uri), MAX_CALLS, (each) =>
      resolveLinks(path.resolve(baseDir, each)),
    ),
    files: await mapBounded(local(reading.files), MAX_CALLS, resolveLinks),
    workdir: state === undefined ? undefined : await resolveLinks(path.dirname(state)),
  });
  if (message !== undefined) throw new SpecError([{ path: 'output.uri', message }]);
};

/** What lies in S3 is apart from every output on files. */
const local = (uris: readonly string[]): readonly string[] => uris.filter((uri) => !isS3Uri(uri));

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
