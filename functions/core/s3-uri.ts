/** An object in S3, or where keys begin: `key` is all behind the bucket's slash, as it is, and may be empty. */
export type S3Location = { readonly bucket: string; readonly key: string };

const S3_URI = /^s3:\/\/([^/]+)(?:\/(.*))?$/isu;

export const isS3Uri = (uri: string): boolean => /^s3:\/\//iu.test(uri);

/** Reads `s3://bucket/key`; nothing in the key is decoded. Throws on what is no such address. */
export const parseS3Uri = (uri: string): S3Location => {
  const [, bucket, key = ''] = S3_URI.exec(uri) ?? [];
  if (bucket === undefined) throw new Error(`${JSON.stringify(uri)} is no address s3://bucket/key`);
  return { bucket, key };
};

/** Inverse of {@link parseS3Uri}. */
export const renderS3Uri = ({ bucket, key }: S3Location): string => `s3://${bucket}/${key}`;
