import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import type { Problem } from '../../functions/contract/errors.ts';
import { NotYetError, UsageError } from '../../functions/contract/errors-command.ts';
import { isId } from '../../functions/contract/ids.ts';
import type { Job } from '../../functions/contract/job.ts';
import type { JobSpec } from '../../functions/contract/spec.ts';
import { findMissingFeatures } from '../../functions/contract/spec-features.ts';
import { drawJobId } from '../../functions/core/job-id.ts';
import { isS3Uri } from '../../functions/core/s3-uri.ts';
import { type ParsedSpec, readSpecBytes } from '../../functions/io/spec/parse-spec.ts';
import { makeJob } from '../../functions/stages/make-job.ts';

export type SpecOptions = {
  readonly input?: readonly string[];
  readonly output?: string;
  readonly set?: readonly { readonly path: string; readonly value: string }[];
  readonly mapTasks?: number;
  readonly reduceTasks?: number;
};

/** Reads a spec file with what the command line changes in it. Fails with UsageError and SpecError. */
export const loadSpec = async (file: string, options: SpecOptions): Promise<ParsedSpec> => {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code;
    throw new UsageError(`cannot read the spec ${file}: ${reason}`, { cause: error });
  }
  const overrides = [
    ...(options.input === undefined || options.input.length === 0
      ? []
      : [{ path: 'input.uri', value: JSON.stringify(options.input) }]),
    ...(options.output === undefined ? [] : [{ path: 'output.uri', value: JSON.stringify(options.output) }]),
    ...(options.set ?? []),
  ];
  return readSpecBytes(bytes, { file, overrides });
};

/** Refuses what parses and cannot run yet, all of it at once. */
export const requireFeatures = ({ spec, locate }: ParsedSpec): void => {
  const problems: readonly Problem[] = findMissingFeatures(spec).map(locate);
  if (problems.length > 0) throw new NotYetError(problems);
};

/**
 * The output as it means from here, so that the job can be resumed from elsewhere. Input paths stay as they are
 * written, beside the folder that they start from: `key=value` folders above it are nobody's columns.
 */
const absoluteOutput = (spec: JobSpec): JobSpec => ({
  ...spec,
  output: {
    ...spec.output,
    uri: isS3Uri(spec.output.uri) ? spec.output.uri : path.resolve(spec.output.uri),
  },
});

/** Makes the job that a spec asks for; its id is the name, the time and four random digits where none is given. */
export const makeLocalJob = (
  parsed: ParsedSpec,
  options: Pick<SpecOptions, 'mapTasks' | 'reduceTasks'> &
    Pick<Job, 'modules'> & { readonly id?: string; readonly keepBlocks?: boolean; readonly now: Date },
): Job => {
  const spec = absoluteOutput(parsed.spec);
  const { now, modules, mapTasks: map, reduceTasks: reduce } = options;
  const job = makeJob(
    { spec, locate: parsed.locate },
    {
      id: requireJobId(options.id ?? drawJobId(spec.name, now, randomBytes(2).toString('hex'))),
      now,
      submittedBy: userInfo().username,
      baseDir: process.cwd(),
      tasks: { map, reduce },
      ...(modules === undefined ? {} : { modules }),
    },
  );
  return options.keepBlocks === true ? { ...job, keepBlocks: true } : job;
};

export const requireJobId = (id: string): string => {
  if (isId('job', id)) return id;
  throw new UsageError(
    `--id ${JSON.stringify(id)}: expected 1 to 63 of a-z, 0-9 and "-", no "-" at either end`,
  );
};
