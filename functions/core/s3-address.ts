/** A place on S3. An empty `key` is the whole bucket. */
export type S3Address = { readonly bucket: string; readonly key: string };

/** Letters and `_` of any case are in names of buckets older than 2018. @see S3 user guide, bucket naming rules */
const ADDRESS = /^[sS]3:\/\/(?<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9])(?:\/(?<key>.*))?$/su;

export const isS3Uri = (uri: string): boolean => /^s3:\/\//iu.test(uri);

/** Undefined where the text is no `s3://bucket/key`. */
export const parseS3Uri = (uri: string): S3Address | undefined => {
  const { bucket, key = '' } = ADDRESS.exec(uri)?.groups ?? {};
  return bucket === undefined ? undefined : { bucket, key };
};

export const renderS3Uri = ({ bucket, key }: S3Address): string => `s3://${bucket}/${key}`;

/**
 * The address as a folder: its key is empty or ends in one `/`. Undefined where a component is empty, `.` or `..`:
 * S3 takes these literally, tools that read the result do not.
 */
export const parseS3Folder = (uri: string): S3Address | undefined => {
  const address = parseS3Uri(uri.replace(/\/+$/u, ''));
  if (address === undefined || address.key === '') return address;
  const isPlain = address.key.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
  return isPlain ? { ...address, key: `${address.key}/` } : undefined;
};
