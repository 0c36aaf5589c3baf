import type { S3Client } from '@aws-sdk/client-s3';
import { createLazyS3Client } from '../functions/io/s3/lazy-s3-client.ts';

/** Where a store of one's own has none, as the SDK wants one to sign. */
const REGION_OF_ENDPOINT = 'us-east-1';

/**
 * What `s3://` addresses mean on this machine: the credentials, region and endpoint that AWS's own tools take from the
 * environment and its files. The SDK by itself leaves AWS_DEFAULT_REGION out.
 */
export const openLocalS3 = (environment: NodeJS.ProcessEnv = process.env): S3Client => {
  // An empty variable is none, as to AWS's own tools.
  const read = (name: string): string | undefined => environment[name] || undefined;
  const endpoint = read('AWS_ENDPOINT_URL_S3') ?? read('AWS_ENDPOINT_URL');
  const fallback = endpoint === undefined ? undefined : REGION_OF_ENDPOINT;
  const region = read('AWS_REGION') ?? read('AWS_DEFAULT_REGION') ?? fallback;
  return createLazyS3Client({ endpoint, region });
};
