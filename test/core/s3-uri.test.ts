import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isS3Uri, parseS3Uri, renderS3Uri } from '../../functions/core/s3-uri.ts';

describe('parseS3Uri', () => {
  it('is the inverse of renderS3Uri, whatever the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (key) => {
        expect(parseS3Uri(renderS3Uri({ bucket: 'b', key }))).toEqual({ bucket: 'b', key });
      }),
    );
  });

  it('decodes nothing and takes a bucket alone', () => {
    expect(parseS3Uri('s3://b/a%20b+c//d?e#f')).toEqual({ bucket: 'b', key: 'a%20b+c//d?e#f' });
    expect(parseS3Uri('S3://b')).toEqual({ bucket: 'b', key: '' });
    expect(isS3Uri('S3://b') && !isS3Uri('/s3://b') && !isS3Uri('s3:/b')).toBe(true);
  });

  it('rejects what is no such address', () => {
    for (const uri of ['s3://', 's3:///k', 'b/k', 'https://b/k'])
      expect(() => parseS3Uri(uri)).toThrow('no address');
  });
});
