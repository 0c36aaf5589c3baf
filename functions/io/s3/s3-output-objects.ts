import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { StoreError } from '../../contract/errors-store.ts';
import { renderS3Uri, type S3Address } from '../../core/s3-address.ts';
import { limitCalls } from '../limit-calls.ts';
import type { PartSource } from '../output.ts';
import { COPY_LIMITS, type CopyLimits, copyObject } from './copy-object.ts';
import { requireETag } from './multipart-upload.ts';
import type { FoundObject, OutputObjects } from './output-objects.ts';
import { asS3StoreError, judgeS3Error } from './s3-errors.ts';
import { uploadFile } from './upload-file.ts';

export type S3OutputOptions = { readonly copyLimits?: CopyLimits };

/** S3's limit on the keys of one request that deletes. */
const MAX_DELETED = 1000;

/** Parts of local blocks in memory at once, of 16 MiB each, whichever of them they belong to. */
const MAX_UPLOADS = 4;

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

/** What a conditional delete says of an object that is gone, has changed, or changes at this moment. */
const NO_LONGER: ReadonlySet<string> = new Set([
  'NoSuchKey',
  'PreconditionFailed',
  'ConditionalRequestConflict',
]);

/** The objects of an output under a prefix of a bucket; `folder.key` is empty or ends in `/`. */
export const openS3Objects = (
  client: S3Client,
  folder: S3Address,
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
    const request = { Bucket: folder.bucket, Prefix: folder.key };
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ ...request, ContinuationToken });
      const page = await sending('list', '', () => client.send(command));
      for (const { Key = '', Size = 0, ETag } of page.Contents ?? []) {
        yield { name: Key.slice(folder.key.length), sizeBytes: Size, etag: requireETag(ETag) };
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  const removeSome = async (found: Parameters<OutputObjects['remove']>[0]): Promise<void> => {
    const Objects = found.map(({ name, etag }) => ({ Key: folder.key + name, ETag: etag }));
    const command = new DeleteObjectsCommand({ Bucket: folder.bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await sending('delete from', '', () => client.send(command));
    const failed = Errors.find(({ Code = '' }) => !NO_LONGER.has(Code));
    if (failed === undefined) return;
    throw new StoreError({
      operation: 'delete',
      key: renderS3Uri({ bucket: folder.bucket, key: failed.Key ?? '' }),
      reason: `the store answered ${failed.Code} (${failed.Message})`,
    });
  };

  const sendPart = (name: string, { store, key, sizeBytes }: PartSource): Promise<string> => {
    const source = store.s3Location?.(key);
    if (source !== undefined) return copyObject(client, { ...source, sizeBytes }, targetAt(name), copyLimits);
    const path = store.localPath(key);
    if (path === undefined) throw new Error('an output on S3 needs a store on S3 or on files');
    return uploadFile(client, { path, sizeBytes }, targetAt(name), limitUploads);
  };

  return {
    place,
    read: (name) =>
      sending('read', name, async () => {
        try {
          const { Body, ETag } = await client.send(new GetObjectCommand(objectAt(name)));
          const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
          return { bytes, etag: requireETag(ETag) };
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
      for (let start = 0; start < found.length; start += MAX_DELETED) {
        await removeSome(found.slice(start, start + MAX_DELETED));
      }
    },
    addPart: (name, source) => sending('add', name, () => sendPart(name, source)),
  };
};
