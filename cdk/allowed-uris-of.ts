import type { AllowedUris } from '../functions/contract/allowed-uris.ts';
import { DATA_BUCKET, type Settings } from './settings.ts';

/** What jobs may name, with the data bucket's own name in the place of `{data}`. */
export const allowedUrisOf = ({ data, inboxes }: Settings, dataBucketName: string): AllowedUris => {
  const named = (uris: readonly string[]): string[] =>
    uris.map((uri) => uri.replace(DATA_BUCKET, dataBucketName));
  return {
    api: {
      inputs: named([`s3://${DATA_BUCKET}/`, ...data.reads]),
      outputs: named([`s3://${DATA_BUCKET}/results/`, ...data.writes]),
    },
    inboxes: inboxes.map(({ prefix, inputs, outputs }) => ({
      prefix,
      inputs: named(inputs),
      outputs: named(outputs),
    })),
  };
};
