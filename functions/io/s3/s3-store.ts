/**
 * The store on S3. Its promises are S3's own: an object appears whole, a read sees the write before it, and of all that
 * write with `If-None-Match: *` one is let. An unversioned bucket of the general kind; every object of ours has the
 * SHA-256 of its bytes beside it, given by who wrote it and checked by S3.
 */
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectFacts, ObjectStore } from '../object-store.ts';
import { requireKey } from '../store-key.ts';
import { deleteObjects } from './delete-objects.ts';
import { listFolderNames, listObjectPages } from './list-objects.ts';
import { readRange } from './object-range.ts';
import { putLocalFile, UPLOAD_SIZES, type UploadSizes } from './put-file.ts';
import { readBody } from './read-body.ts';
import { asS3StoreError, judgeS3Error } from './s3-errors.ts';
import { sha256Base64, wholeSha256 } from './sha256.ts';

export type S3StorePlace = { readonly bucket: string; readonly uploadSizes?: UploadSizes };

/** The store whose objects are those of the bucket. Asks nothing of S3 yet. */
export const openS3Store = (client: S3Client, place: S3StorePlace): ObjectStore => {
  const { bucket, uploadSizes = UPLOAD_SIZES } = place;
  const at = (key: string) => ({ Bucket: bucket, Key: requireKey(key) });

  const asking = async <Result>(operation: string, key: string, ask: () => Promise<Result>) => {
    try {
      return await ask();
    } catch (error) {
      throw asS3StoreError(error, { operation, key });
    }
  };

  const reading = <Result>(key: string, read: () => Promise<Result>): Promise<Result | undefined> =>
    asking('read', key, async () => {
      try {
        return await read();
      } catch (error) {
        if (judgeS3Error(error) === 'absent') return undefined;
        throw error;
      }
    });

  const headOf = (key: string): Promise<HeadObjectCommandOutput | undefined> =>
    reading(key, () => client.send(new HeadObjectCommand({ ...at(key), ChecksumMode: 'ENABLED' })));

  const putBytes = (key: string, bytes: Uint8Array, condition: { readonly IfNoneMatch?: '*' }) =>
    client.send(
      new PutObjectCommand({ ...at(key), ...condition, Body: bytes, ChecksumSHA256: sha256Base64(bytes) }),
    );

  const deleteMatching = async (key: string, etag: string): Promise<boolean> => {
    try {
      await client.send(new DeleteObjectCommand({ ...at(key), IfMatch: etag }));
      return true;
    } catch (error) {
      const verdict = judgeS3Error(error);
      if (verdict === 'unmet' || verdict === 'absent') return false;
      throw error;
    }
  };

  async function* list(prefix: string): AsyncGenerator<ObjectFacts> {
    for await (const page of listObjectPages(client, { bucket, prefix })) yield* page;
  }

  return {
    get: async (key) => (await reading(key, () => readBody(client, at(key))))?.bytes,
    getRange: async (key, offset, lengthBytes) =>
      (await readRange(client, { bucket, key: requireKey(key) }, { offset, lengthBytes }))?.bytes,
    head: async (key) => {
      const head = await headOf(key);
      return head && { key, sizeBytes: sizeOf(head), modifiedAt: (head.LastModified as Date).toISOString() };
    },
    put: (key, bytes) =>
      asking('put', key, async () => {
        await putBytes(key, bytes, {});
      }),
    putIfAbsent: (key, bytes) =>
      asking('put', key, async () => {
        try {
          await putBytes(key, bytes, { IfNoneMatch: '*' });
          return 'created';
        } catch (error) {
          if (judgeS3Error(error) === 'unmet') return 'exists';
          throw error;
        }
      }),
    putFile: (key, path, sha256) =>
      asking('put', key, async () => {
        await putLocalFile(client, { bucket, key: requireKey(key), path, sha256 }, uploadSizes);
      }),
    sums: async (key) => {
      const head = await headOf(key);
      return head && { sizeBytes: sizeOf(head), sha256: wholeSha256(head.ChecksumSHA256) };
    },
    list,
    listFolders: (prefix) => listFolderNames(client, { bucket, prefix }),
    delete: (key) =>
      asking('delete', key, async () => {
        await client.send(new DeleteObjectCommand(at(key)));
      }),
    deleteIfSame: (key, bytes) =>
      asking('delete', key, async () => {
        const found = await reading(key, () => readBody(client, at(key)));
        if (found === undefined || Buffer.compare(found.bytes, bytes) !== 0) return false;
        return deleteMatching(key, found.head.ETag ?? '');
      }),
    deletePrefix: async (prefix) => {
      if (prefix === '') throw new Error('a prefix to delete is empty');
      for await (const page of listObjectPages(client, { bucket, prefix })) {
        const objects = page.map(({ key }) => ({ Key: key }));
        await deleteObjects(client, bucket, objects);
      }
    },
    localPath: () => undefined,
    s3Location: (key) => ({ bucket, key: requireKey(key) }),
  };
};

const sizeOf = ({ ContentLength }: HeadObjectCommandOutput): number => {
  if (ContentLength === undefined) throw new Error('S3 named no size of an object');
  return ContentLength;
};
