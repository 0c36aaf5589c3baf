import { InputChangedError } from '../../contract/errors-input.ts';
import { StoreError } from '../../contract/errors-store.ts';
import type { ByteRange, ObjectRef, RangeBytes } from './object-range.ts';
import type { ObjectBody } from './read-body.ts';
import { judgeS3Error } from './s3-errors.ts';

/** What the store said for certain is an answer, and ends the race; only the lack of one is a failure. */
export const asRangeAnswer = async (
  ref: ObjectRef,
  range: ByteRange,
  reading: Promise<ObjectBody>,
): Promise<RangeBytes | InputChangedError | undefined> => {
  try {
    return requireAsked(ref, range, await reading);
  } catch (error) {
    const verdict = judgeS3Error(error);
    if (verdict === 'beyond') return { bytes: new Uint8Array(0), objectSizeBytes: undefined };
    if (verdict === 'unmet') return inputChanged(ref);
    if (verdict !== 'absent') throw error;
    return ref.etag === undefined ? undefined : inputGone(ref);
  }
};

/** Bytes that are not those of the range would be taken for them. */
const requireAsked = (ref: ObjectRef, range: ByteRange, { bytes, head }: ObjectBody): RangeBytes => {
  const [, first, size] = /^bytes (\d+)-\d+\/(\d+)$/u.exec(head.ContentRange ?? '') ?? [];
  const there = Math.min(range.lengthBytes, Number(size) - range.offset);
  if (Number(first) === range.offset && bytes.length === there)
    return { bytes, objectSizeBytes: Number(size) };
  const reason = `it sent ${bytes.length} bytes as ${head.ContentRange ?? 'the whole object'}, for ${range.lengthBytes} bytes at ${range.offset}`;
  throw new StoreError({ operation: 'read', key: renderUri(ref), reason });
};

export const renderUri = ({ bucket, key }: ObjectRef): string => `s3://${bucket}/${key}`;

export const inputChanged = (ref: ObjectRef): InputChangedError =>
  new InputChangedError({
    path: renderUri(ref),
    change: `was written anew: its ETag is no longer ${ref.etag}, which it had when the job was planned`,
  });

export const inputGone = (ref: ObjectRef): InputChangedError =>
  new InputChangedError({ path: renderUri(ref), change: 'is gone, but was there when the job was planned' });
