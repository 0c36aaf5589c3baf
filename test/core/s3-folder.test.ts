import { describe, expect, it } from 'vitest';
import { parseS3Folder } from '../../functions/core/s3-folder.ts';

describe('a folder on S3', () => {
  it.each([
    ['s3://bucket', { bucket: 'bucket', key: '' }],
    ['S3://bucket/', { bucket: 'bucket', key: '' }],
    ['s3://bucket//', { bucket: 'bucket', key: '' }],
    ['s3://bucket/out', { bucket: 'bucket', key: 'out/' }],
    ['s3://old_Bucket.x/out', { bucket: 'old_Bucket.x', key: 'out/' }],
    ['s3://bucket/a b/=+%/', { bucket: 'bucket', key: 'a b/=+%/' }],
    ['s3://bucket/out//', { bucket: 'bucket', key: 'out/' }],
  ])('is named by %s', (uri, folder) => {
    expect(parseS3Folder(uri)).toEqual(folder);
  });

  it.each([
    's3://b/x',
    's3://-b-/x',
    's3://a bucket/x',
    's3://bucket//x',
    's3://bucket/a//b',
    's3://bucket/a/../b',
    's3://bucket/.',
  ])('is not named by %s', (uri) => {
    expect(parseS3Folder(uri)).toBeUndefined();
  });
});
