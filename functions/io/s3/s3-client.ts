import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { createRetryStrategy } from './retry-strategy.ts';

/**
 * Tries of one call, the first among them. Between them the SDK waits: of 1 s times 2, 4, 8, 16 a random part where
 * the store asks to slow down, and of 50 ms where no answer came. S3 answers 503 until it has split a prefix.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
const MAX_ATTEMPTS = 6;

/** Three SYN packets go out in this time. */
const CONNECT_MS = 5000;

/** Silence on a socket, before an answer or in the middle of it: what AWS's own boto3 waits for a read. */
const IDLE_MS = 60_000;

/** From the request to the head of its answer, the body that is sent included: the longest life of a function. */
const REQUEST_MS = 15 * 60_000;

/**
 * A request that waits for a socket counts as one that cannot connect, so there are more of these than all bounds on
 * requests together: 64 ranges and their duplicates, 32 copies, 16 commits. A function has 1,024 file descriptors.
 */
const MAX_SOCKETS = 256;

export type S3ClientOptions = {
  /** By the SDK's own chain where it is not given. */
  readonly region?: string | undefined;
  /** A name in the shared configuration files; by the SDK's own chain where it is not given. */
  readonly profile?: string | undefined;
  /** Of a store that speaks S3, for example `http://127.0.0.1:4566`: buckets then stand in the path. */
  readonly endpoint?: string | undefined;
  /** For tests; otherwise the SDK's own chain finds them. */
  readonly credentials?: S3ClientConfig['credentials'];
  readonly maxAttempts?: number;
  readonly idleMs?: number;
};

/**
 * The client for S3 whose every wait has a bound. Its retries are the only ones: the SDK's `standard`, because S3 slows
 * down single prefixes, whereas `adaptive` slows down all that a client does.
 *
 * The SDK's integrity protections stay on: a write without a checksum of its own gets a CRC-32, a whole object that
 * is read is compared with the checksum that S3 keeps. What Daybreak writes carries its SHA-256 instead.
 */
export const createS3Client = (options: S3ClientOptions = {}): S3Client => {
  const { region, profile, endpoint, credentials, maxAttempts = MAX_ATTEMPTS, idleMs = IDLE_MS } = options;
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS };
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts,
    retryStrategy: createRetryStrategy(maxAttempts),
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    // It would open a connection of its own for each larger body.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: idleMs,
      requestTimeout: REQUEST_MS,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
};
