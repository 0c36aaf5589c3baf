import { parseS3Uri, type S3Location } from './s3-uri.ts';

/** Letters and `_` of any case are in names of buckets older than 2018. @see S3 user guide, bucket naming rules */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/u;

/**
 * Reads `s3://bucket/prefix` as a folder: the key is empty or ends in one `/`. Undefined where the bucket's name can be
 * none, or a component of the prefix is empty, `.` or `..`: S3 takes these literally, tools that read the result do not.
 */
export const parseS3Folder = (uri: string): S3Location | undefined => {
  const { bucket, key } = parseS3Uri(uri);
  if (!BUCKET.test(bucket)) return undefined;
  const prefix = key.replace(/\/+$/u, '');
  if (prefix === '') return { bucket, key: '' };
  const isPlain = prefix.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
  return isPlain ? { bucket, key: `${prefix}/` } : undefined;
};
