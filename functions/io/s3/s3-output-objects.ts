import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { renderS3Uri, type S3Location } from '../../core/s3-uri.ts';
import { limitCalls } from '../limit-calls.ts';
import type { PartSource } from '../output.ts';
import { COPY_LIMITS, type CopyLimits, copyObject } from './copy-object.ts';
import { deleteObjects, MOST_DELETES } from './delete-objects.ts';
import { listPages } from './list-objects.ts';
import { requireETag } from './multipart.ts';
import type { FoundObject, OutputObjects } from './output-objects.ts';
import { putLocalFile } from './put-file.ts';
import { readBody } from './read-body.ts';
import { asS3StoreError, judgeS3Error } from './s3-errors.ts';

export type S3OutputOptions = { readonly copyLimits?: CopyLimits };

/**
 * Local blocks that go up at once, and the bytes of a request for them: half a gigabyte is under way at most, which a
 * line of 10 Mbit/s sends in half the time that the client gives a request.
 */
const MAX_UPLOADS = 8;
const UPLOAD_SIZES = { singlePutBytes: 16 * 2 ** 20, partBytes: 16 * 2 ** 20 };

/** As registered, or where nothing is as most tools say. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
  jsonl: 'application/jsonl',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
};

const contentTypeOf = (name: string): string =>
  CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';

/** The objects of an output under a prefix of a bucket; `folder.key` is empty or ends in `/`. */
export const openS3Objects = (
  client: S3Client,
  folder: S3Location,
  { copyLimits = COPY_LIMITS }: S3OutputOptions = {},
): OutputObjects => {
  const place = renderS3Uri(folder);
  const limitUploads = limitCalls(MAX_UPLOADS);
  const objectAt = (name: string) => ({ Bucket: folder.bucket, Key: folder.key + name });
  const targetAt = (name: string) => ({ ...objectAt(name), ContentType: contentTypeOf(name) });

  const sending = async <Result>(
    operation: string,
    name: string,
    send: () => Promise<Result>,
  ): Promise<Result> => {
    try {
      return await send();
    } catch (error) {
      throw asS3StoreError(error, { operation, key: place + name });
    }
  };

  async function* list(): AsyncIterable<FoundObject> {
    for await (const { Contents = [] } of listPages(client, { bucket: folder.bucket, prefix: folder.key })) {
      for (const { Key = '', Size = 0, ETag } of Contents) {
        yield { name: Key.slice(folder.key.length), sizeBytes: Size, etag: requireETag(ETag) };
      }
    }
  }

  const sendPart = (name: string, { store, key, sizeBytes, sha256 }: PartSource): Promise<string> => {
    const source = store.s3Location?.(key);
    if (source !== undefined) return copyObject(client, { ...source, sizeBytes }, targetAt(name), copyLimits);
    const path = store.localPath(key);
    if (path === undefined) throw new Error('an output on S3 needs a store on S3 or on files');
    const { Bucket: bucket, Key, ContentType: contentType } = targetAt(name);
    return limitUploads(() =>
      putLocalFile(client, { bucket, key: Key, path, sha256, contentType }, UPLOAD_SIZES),
    );
  };

  return {
    place,
    read: (name) =>
      sending('read', name, async () => {
        try {
          const { bytes, head } = await readBody(client, objectAt(name));
          return { bytes, etag: requireETag(head.ETag) };
        } catch (error) {
          if (judgeS3Error(error) === 'absent') return undefined;
          throw error;
        }
      }),
    write: (name, Body, over) =>
      sending('put', name, async () => {
        const condition = over === undefined ? { IfNoneMatch: '*' } : { IfMatch: over };
        try {
          await client.send(new PutObjectCommand({ ...targetAt(name), Body, ...condition }));
          return 'written';
        } catch (error) {
          const verdict = judgeS3Error(error);
          // Absent: what was to be replaced is gone.
          if (verdict === 'unmet' || verdict === 'absent') return 'refused';
          throw error;
        }
      }),
    list,
    remove: async (found) => {
      const meant = found.map(({ name, etag }) => ({ Key: folder.key + name, ETag: etag }));
      for (let start = 0; start < meant.length; start += MOST_DELETES) {
        await deleteObjects(client, folder.bucket, meant.slice(start, start + MOST_DELETES));
      }
    },
    addPart: (name, source) => sending('add', name, () => sendPart(name, source)),
  };
};
