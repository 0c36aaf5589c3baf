import type { Problem } from '../contract/errors.ts';
import type { JobSpec } from '../contract/spec.ts';
import { isS3Uri } from './s3-uri.ts';
import { inputUrisOf, outputUriOf } from './uris-of.ts';

/** Every path of a spec that only one machine knows, with what to do: a deployment reads and writes S3 alone. */
export const findLocalUris = (spec: JobSpec): readonly Problem[] => {
  const output = outputUriOf(spec);
  return [
    ...inputUrisOf(spec)
      .filter(({ uri }) => !isS3Uri(uri))
      .map(({ path, uri }) => ({
        path,
        message: `${JSON.stringify(uri)} is a path of one machine, and a job in the cloud reads s3:// addresses; copy it with \`aws s3 cp\`, or run the job here with \`daybreak run\``,
      })),
    ...(isS3Uri(output.uri)
      ? []
      : [
          {
            path: output.path,
            message: `${JSON.stringify(output.uri)} is a path of one machine, and a job in the cloud writes to s3:// addresses; copy the result from there with \`aws s3 cp --recursive\``,
          },
        ]),
  ];
};
