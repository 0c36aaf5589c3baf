import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { InputChangedError } from '../../../functions/contract/errors-input.ts';
import { StoreError } from '../../../functions/contract/errors-store.ts';
import { countRequests } from '../../../functions/io/s3/count-requests.ts';
import { getObjectRange, readRange } from '../../../functions/io/s3/object-range.ts';
import { answerObject } from './scripted-object.ts';
import { errorReply, type Reply, type SeenRequest } from './scripted-server.ts';
import { withServer } from './with-server.ts';

const bytes = randomBytes(1000);
const object = { bytes };
const ref = { bucket: 'data', key: 'in/a b+c.csv' };
const whole = { offset: 0, lengthBytes: bytes.length };
/** No read of a test is late, whatever the machine does. */
const NEVER_LATE = { lateMs: 3_600_000 };
const failureOf = (result: Promise<unknown>): Promise<Error> =>
  result.then(
    () => new Error('it did not fail'),
    (error: unknown) => error as Error,
  );

describe('a range of an object', () => {
  it.each([
    [0, 1],
    [10, 20],
    [999, 1],
    [990, 100],
    [0, 5000],
  ])('gives the bytes from %i on, %i or as many as there are', (offset, lengthBytes) =>
    withServer(
      (request) => answerObject(request, object),
      async (client) => {
        const found = await getObjectRange(client, ref, { offset, lengthBytes });
        expect(Buffer.compare(found, bytes.subarray(offset, offset + lengthBytes))).toBe(0);
      },
    ),
  );

  it('gives no bytes past the end, of an empty object and of no length', () =>
    withServer(
      (request) => answerObject(request, request.url.includes('empty') ? { bytes: Buffer.alloc(0) } : object),
      async (client) => {
        const past = await getObjectRange(client, ref, { offset: 1000, lengthBytes: 5 });
        const empty = await getObjectRange(client, { ...ref, key: 'empty' }, whole);
        const none = await getObjectRange(client, ref, { offset: 3, lengthBytes: 0 });
        expect([past.length, empty.length, none.length]).toEqual([0, 0, 0]);
      },
    ));

  it('is of the version that the ETag names', () =>
    withServer(
      (request) => answerObject(request, object),
      async (client, { seen }) => {
        await getObjectRange(client, { ...ref, etag: '"e1"' }, whole);
        expect(seen[0]?.headers['if-match']).toBe('"e1"');
        for (const range of [whole, { offset: 0, lengthBytes: 0 }]) {
          const failure = await failureOf(getObjectRange(client, { ...ref, etag: '"e0"' }, range));
          expect(failure).toBeInstanceOf(InputChangedError);
          expect(failure.message).toMatch(
            /^the input file "s3:\/\/data\/in\/a b\+c\.csv" was written anew: /u,
          );
        }
      },
    ));

  it('fails by name where the object is gone', () =>
    withServer(
      ({ method }) => (method === 'HEAD' ? { status: 404 } : errorReply(404, 'NoSuchKey')),
      async (client) => {
        for (const range of [whole, { offset: 0, lengthBytes: 0 }]) {
          expect(await failureOf(getObjectRange(client, { ...ref, etag: '"e1"' }, range))).toBeInstanceOf(
            InputChangedError,
          );
          expect(await failureOf(getObjectRange(client, ref, range))).toMatchObject({
            name: 'StoreError',
            isUnknown: false,
          });
          expect(await readRange(client, ref, range)).toBeUndefined();
        }
      },
    ));

  it('is asked for again where its body breaks off, and whole in the end', () =>
    withServer(
      (request) => {
        const reply = answerObject(request, object);
        return request.attempt === 1 && reply !== 'none' ? { ...reply, cutAfterBytes: 400 } : reply;
      },
      async (client, { seen }) => {
        const found = await getObjectRange(client, ref, whole, NEVER_LATE);
        expect(Buffer.compare(found, bytes)).toBe(0);
        expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2]);
        expect(new Set(seen.map(({ call }) => call)).size).toBe(1);
      },
    ));

  it('fails with StoreError where its body breaks off each time', () =>
    withServer(
      (request) => ({ ...(answerObject(request, object) as Exclude<Reply, 'none'>), cutAfterBytes: 999 }),
      async (client, { seen }) => {
        const failure = await failureOf(getObjectRange(client, ref, whole, NEVER_LATE));
        expect(failure).toMatchObject({ name: 'StoreError', isUnknown: true });
        expect(seen.length).toBe(3);
      },
    ));

  it.each([
    ['the whole object', { status: 200, body: bytes }],
    [
      'other bytes',
      { status: 206, headers: { 'content-range': 'bytes 0-9/1000' }, body: bytes.subarray(0, 10) },
    ],
    ['too few', { status: 206, headers: { 'content-range': 'bytes 5-8/1000' }, body: bytes.subarray(5, 9) }],
    ['too many', { status: 206, headers: { 'content-range': 'bytes 5-900/1000' }, body: bytes.subarray(5) }],
  ])('rejects a store that sends %s for a range', (_, reply) =>
    withServer(
      () => reply,
      async (client) => {
        const failure = await failureOf(getObjectRange(client, ref, { offset: 5, lengthBytes: 10 }));
        expect(failure).toBeInstanceOf(StoreError);
        expect(failure.message).toMatch(/for 10 bytes at 5/u);
      },
    ),
  );

  it('ends with the reason of its signal', () => {
    const abort = new AbortController();
    return withServer(
      () => {
        abort.abort(new Error('the job was cancelled'));
        return new Promise<Reply>(() => {});
      },
      async (client) => {
        const failure = await failureOf(getObjectRange(client, ref, whole, { signal: abort.signal }));
        expect(failure.message).toBe('the job was cancelled');
      },
    );
  });
});

describe('a read that is late', () => {
  const unanswered = new Promise<Reply>(() => {});

  it('is raced by one like it, whose answer counts, and is aborted', () => {
    const requests: SeenRequest[] = [];
    return withServer(
      (request) => (requests.push(request) === 1 ? unanswered : answerObject(request, object)),
      async (client) => {
        const counts = countRequests(client);
        const found = await getObjectRange(client, ref, whole, { lateMs: 1 });
        expect(Buffer.compare(found, bytes)).toBe(0);
        await requests[0]?.closed;
        expect(requests.map(({ headers }) => headers.range)).toEqual(['bytes=0-999', 'bytes=0-999']);
        expect(counts.read()).toEqual([
          { operation: 'GetObject', kind: 'other', requests: 2, retries: 0, duplicates: 1 },
        ]);
      },
    );
  });

  it('counts all the same where it is first after all, and then the other is aborted', () => {
    const requests: SeenRequest[] = [];
    let answerFirst: (reply: Reply) => void = () => {};
    return withServer(
      (request) => {
        if (requests.push(request) > 1) {
          answerFirst(answerObject(request, object));
          return unanswered;
        }
        return new Promise<Reply>((resolve) => {
          answerFirst = resolve;
        });
      },
      async (client) => {
        const found = await getObjectRange(client, ref, whole, { lateMs: 1 });
        expect(Buffer.compare(found, bytes)).toBe(0);
        await requests[1]?.closed;
        expect(requests.length).toBe(2);
      },
    );
  });

  it('ends by what the other one is told for certain', () => {
    const requests: SeenRequest[] = [];
    return withServer(
      (request) => (requests.push(request) === 1 ? unanswered : answerObject(request, object)),
      async (client) => {
        const failure = await failureOf(
          getObjectRange(client, { ...ref, etag: '"e0"' }, whole, { lateMs: 1 }),
        );
        expect(failure).toBeInstanceOf(InputChangedError);
        await requests[0]?.closed;
        expect(requests.length).toBe(2);
      },
    );
  });

  it('outlives a duplicate that fails', () => {
    const requests: SeenRequest[] = [];
    let answerFirst: (reply: Reply) => void = () => {};
    return withServer(
      (request) => {
        if (requests.push(request) === 1)
          return new Promise<Reply>((resolve) => {
            answerFirst = resolve;
          });
        if (request.attempt === 3) answerFirst(answerObject(request, object));
        return 'none';
      },
      async (client) => {
        const found = await getObjectRange(client, ref, whole, { lateMs: 1 });
        expect(Buffer.compare(found, bytes)).toBe(0);
      },
    );
  });
});
