import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { InputChangedError } from '../../contract/errors-input.ts';
import { StoreError } from '../../contract/errors-store.ts';
import { createPace, expectReadMs, judgeLateMs, type Pace, recordRead } from './pace.ts';
import { raceStraggler } from './race-straggler.ts';
import { asRangeAnswer, inputChanged, inputGone, renderUri } from './range-answer.ts';
import { readBody } from './read-body.ts';
import { asS3StoreError, judgeS3Error } from './s3-errors.ts';

/** An object, of one exact version where its ETag is given. */
export type ObjectRef = { readonly bucket: string; readonly key: string; readonly etag?: string | undefined };
export type ByteRange = { readonly offset: number; readonly lengthBytes: number };

export type RangeBytes = {
  /** Fewer than asked for where the object ends before. */
  readonly bytes: Uint8Array;
  /** Of the whole object; undefined where the range begins past its end. */
  readonly objectSizeBytes: number | undefined;
};

export type RangeOptions = {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which the read is late; by the formula in pace.ts where it is not given. */
  readonly lateMs?: number;
};

/** Goes with its client. */
const paces = new WeakMap<S3Client, Pace>();
const paceOf = (client: S3Client): Pace => {
  const known = paces.get(client);
  if (known !== undefined) return known;
  const pace = createPace();
  paces.set(client, pace);
  return pace;
};

/**
 * The bytes of a range that there are. A read that is late is raced by one like it. Fails with InputChangedError where
 * the object is not of the ETag, with StoreError where there is none or the store does not answer, and with the
 * signal's reason.
 */
export const getObjectRange = async (
  client: S3Client,
  ref: ObjectRef,
  range: ByteRange,
  options: RangeOptions = {},
): Promise<Uint8Array> => (await requireRange(client, ref, range, options)).bytes;

/** As {@link getObjectRange}, with the size of the object. */
export const requireRange = async (
  client: S3Client,
  ref: ObjectRef,
  range: ByteRange,
  options: RangeOptions = {},
): Promise<RangeBytes> => {
  const found = await readRange(client, ref, range, options);
  if (found !== undefined) return found;
  throw new StoreError({ operation: 'read', key: renderUri(ref), reason: 'there is no such object' });
};

/** As {@link requireRange}; undefined where there is no such object and no ETag says that there was. */
export const readRange = async (
  client: S3Client,
  ref: ObjectRef,
  range: ByteRange,
  options: RangeOptions = {},
): Promise<RangeBytes | undefined> => {
  if (range.lengthBytes === 0) return readNothing(client, ref, options);
  const pace = paceOf(client);
  pace.readers += 1;
  try {
    return await readRaced(client, { ref, range, options, pace });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw asS3StoreError(error, { operation: 'read', key: renderUri(ref) });
  } finally {
    pace.readers -= 1;
  }
};

type Read = {
  readonly ref: ObjectRef;
  readonly range: ByteRange;
  readonly options: RangeOptions;
  readonly pace: Pace;
};

const readRaced = async (client: S3Client, read: Read): Promise<RangeBytes | undefined> => {
  const { ref, range, options, pace } = read;
  const expectedMs = expectReadMs(pace, range.lengthBytes);
  const beganAt = performance.now();
  // A store that asks to slow down is not helped by more requests.
  let hasFailed = false;
  const answer = await raceStraggler(
    ({ signal, isDuplicate }) => {
      const onFailedTry = (): void => {
        hasFailed = true;
      };
      return asRangeAnswer(
        ref,
        range,
        readBody(client, inputOf(ref, range), { signal, isDuplicate, onFailedTry }),
      );
    },
    {
      afterMs: options.lateMs ?? judgeLateMs(pace, range.lengthBytes),
      mayDuplicate: () => !hasFailed,
      signal: options.signal,
    },
  );
  recordRead(pace, performance.now() - beganAt, expectedMs);
  if (answer instanceof InputChangedError) throw answer;
  return answer;
};

const inputOf = ({ bucket, key, etag }: ObjectRef, { offset, lengthBytes }: ByteRange) => ({
  Bucket: bucket,
  Key: key,
  Range: `bytes=${offset}-${offset + lengthBytes - 1}`,
  ...(etag === undefined ? {} : { IfMatch: etag }),
});

/** There is no range without a byte, so the object itself is asked for. */
const readNothing = async (
  client: S3Client,
  ref: ObjectRef,
  { signal }: RangeOptions,
): Promise<RangeBytes | undefined> => {
  const { bucket, key, etag } = ref;
  const match = etag === undefined ? {} : { IfMatch: etag };
  try {
    const head = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ...match }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    return { bytes: new Uint8Array(0), objectSizeBytes: head.ContentLength };
  } catch (error) {
    signal?.throwIfAborted();
    const verdict = judgeS3Error(error);
    if (verdict === 'unmet') throw inputChanged(ref);
    if (verdict !== 'absent') throw asS3StoreError(error, { operation: 'read', key: renderUri(ref) });
    if (etag !== undefined) throw inputGone(ref);
    return undefined;
  }
};
