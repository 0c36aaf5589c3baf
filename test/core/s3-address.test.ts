import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isS3Uri, parseS3Folder, parseS3Uri, renderS3Uri } from '../../functions/core/s3-address.ts';

describe('an address on S3', () => {
  it('renders and parses as each other, whatever is in the key', () => {
    const key = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/), key, (bucket, any) => {
        const address = { bucket, key: any };
        expect(parseS3Uri(renderS3Uri(address))).toEqual(address);
        expect(isS3Uri(renderS3Uri(address))).toBe(true);
      }),
    );
  });

  it.each([
    ['s3://bucket', { bucket: 'bucket', key: '' }],
    ['S3://bucket/', { bucket: 'bucket', key: '' }],
    ['s3://bucket/out', { bucket: 'bucket', key: 'out/' }],
    ['s3://bucket/a b/=+%/', { bucket: 'bucket', key: 'a b/=+%/' }],
    ['s3://bucket/out//', { bucket: 'bucket', key: 'out/' }],
  ])('is a folder: %s', (uri, address) => {
    expect(parseS3Folder(uri)).toEqual(address);
  });

  it.each([
    's3://',
    's3:///x',
    's3://b/x',
    'out',
    '/s3://bucket',
    's3://bucket//x',
    's3://bucket/a/../b',
    's3://bucket/.',
  ])('rejects %s as a folder', (uri) => {
    expect(parseS3Folder(uri)).toBeUndefined();
  });
});
