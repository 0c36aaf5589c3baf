import { inspect } from 'node:util';
import { S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../functions/contract/errors-store.ts';
import { asS3StoreError, judgeS3Error } from '../../../functions/io/s3/s3-errors.ts';

const answer = (name: string, status: number): S3ServiceException =>
  new S3ServiceException({
    name,
    message: 'scripted',
    $fault: status >= 500 ? 'server' : 'client',
    $metadata: { httpStatusCode: status },
  });

describe('judgeS3Error', () => {
  it.each([
    ['NoSuchKey', 404, 'absent'],
    ['NotFound', 404, 'absent'],
    ['NoSuchBucket', 404, 'refused'],
    ['NoSuchUpload', 404, 'unknown'],
    ['PreconditionFailed', 412, 'unmet'],
    ['ConditionalRequestConflict', 409, 'unknown'],
    ['OperationAborted', 409, 'unknown'],
    ['BucketNotEmpty', 409, 'refused'],
    ['SlowDown', 503, 'unknown'],
    ['ServiceUnavailable', 503, 'unknown'],
    ['InternalError', 500, 'unknown'],
    ['SomethingNew', 502, 'unknown'],
    ['RequestTimeout', 400, 'unknown'],
    ['InvalidRange', 416, 'beyond'],
    ['AccessDenied', 403, 'refused'],
    ['BadDigest', 400, 'refused'],
    ['ExpiredToken', 400, 'refused'],
  ])('takes %s with the status %i for %s', (code, status, verdict) => {
    expect(judgeS3Error(answer(code, status))).toBe(verdict);
  });

  it.each([200, 400, 403, 409, 412, 500])(
    'judges PreconditionFailed by its code in the status %i',
    (status) => {
      expect(judgeS3Error(answer('PreconditionFailed', status))).toBe('unmet');
      expect(judgeS3Error(answer('ConditionalRequestConflict', status))).toBe('unknown');
      expect(judgeS3Error(answer('NoSuchKey', status))).toBe('absent');
    },
  );

  it.each([
    [404, 'absent'],
    [409, 'unknown'],
    [412, 'unmet'],
    [416, 'beyond'],
    [429, 'unknown'],
    [403, 'refused'],
    [500, 'unknown'],
    [503, 'unknown'],
  ])('judges the status %i where HEAD has no code', (status, verdict) => {
    for (const name of ['Unknown', 'UnknownError', `${status}`])
      expect(judgeS3Error(answer(name, status))).toBe(verdict);
  });

  it.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'])(
    'takes %s for no answer',
    (code) => {
      expect(judgeS3Error(Object.assign(new Error(code), { code }))).toBe('unknown');
    },
  );

  it('takes a timeout of the SDK for no answer', () => {
    expect(judgeS3Error(Object.assign(new Error('late'), { name: 'TimeoutError' }))).toBe('unknown');
  });

  it('knows that without credentials nothing was sent', () => {
    const error = Object.assign(new Error('none found'), { name: 'CredentialsProviderError' });
    expect(judgeS3Error(error)).toBe('refused');
    expect(asS3StoreError(error, { operation: 'put', key: 'a' })).toMatchObject({ isUnknown: false });
  });

  it('judges no mistake of ours', () => {
    for (const mistake of [
      new TypeError('x is undefined'),
      new Error('a prefix is empty'),
      'text',
      undefined,
    ])
      expect(judgeS3Error(mistake)).toBeUndefined();
  });
});

describe('asS3StoreError', () => {
  it('says what could not be done, why, and whether it may have been done', () => {
    const error = asS3StoreError(answer('SlowDown', 503), { operation: 'put', key: 'a/b' });
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ isUnknown: true });
    expect((error as Error).message).toBe(
      'the store could not put a/b: the store asked to slow down until all tries were used up; it is not known whether it was done',
    );
    expect((error as Error).cause).toBeInstanceOf(S3ServiceException);
  });

  it('keeps the cause, but not the connection and the headers in it', () => {
    const headers = { 'x-amz-security-token': 'secret' };
    const error = Object.assign(answer('SlowDown', 503), { $response: { headers } });
    expect(inspect(asS3StoreError(error, { operation: 'put', key: 'a' }), { depth: 20 })).not.toContain(
      'secret',
    );
  });

  it('leaves a mistake of ours and an error that has its facts as they are', () => {
    const known = new StoreError({ operation: 'put', key: 'a', reason: 'r' });
    const mistake = new TypeError('x is undefined');
    for (const error of [known, mistake])
      expect(asS3StoreError(error, { operation: 'get', key: 'b' })).toBe(error);
  });
});
