import { createHash } from 'node:crypto';
import { errorReply, type Reply, type SeenRequest } from './scripted-server.ts';

/** Answers GET and HEAD of one object as S3 does: ranges, conditions, the checksum of the whole. */
export const answerObject = (
  { method, headers }: SeenRequest,
  { bytes, etag = '"e1"' }: { readonly bytes: Uint8Array; readonly etag?: string },
): Reply => {
  const condition = headers['if-match'];
  if (condition !== undefined && condition !== etag) return errorReply(412, 'PreconditionFailed');
  const common = { etag, 'last-modified': 'Sun, 22 Nov 2026 10:00:00 GMT' };
  const range = /^bytes=(\d+)-(\d+)$/u.exec(headers.range ?? '');
  if (method === 'HEAD') return { status: 200, headers: { ...common, 'content-length': `${bytes.length}` } };
  if (range === null) {
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    return { status: 200, headers: { ...common, 'x-amz-checksum-sha256': sha256 }, body: bytes };
  }
  const [first, last] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
  if (first >= bytes.length) return errorReply(416, 'InvalidRange');
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${first}-${last}/${bytes.length}` },
    body: bytes.subarray(first, last + 1),
  };
};
