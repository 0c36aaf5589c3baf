import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { parseS3Uri } from '../../core/s3-uri.ts';
import { copyRangesToFile } from '../s3/copy-ranges.ts';
import { getObjectRange, type ObjectRef } from '../s3/object-range.ts';
import { explainListError, explainReadError } from './explain-remote-error.ts';
import type { ListedObject, Listing, RemoteFile, RemoteFiles } from './remote-files.ts';

const refOf = ({ path, etag }: RemoteFile): ObjectRef => ({ ...parseS3Uri(path), etag });

/**
 * Keys come encoded, since XML cannot hold all that a key may: S3 writes a space as `+`, other stores as `%20`, and all
 * a plus as `%2B`.
 */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

const entriesOf = ({ Contents = [], CommonPrefixes = [] }: ListObjectsV2CommandOutput): ListedObject[] => [
  ...Contents.map(
    ({ Key = '', Size = 0, ETag = '' }): ListedObject => ({
      kind: 'object',
      key: decodeKey(Key),
      sizeBytes: Size,
      etag: ETag,
    }),
  ),
  ...CommonPrefixes.map(({ Prefix = '' }): ListedObject => ({ kind: 'folder', key: decodeKey(Prefix) })),
];

/** S3's own limit of a page. */
const PAGE_KEYS = 1000;

const list = async function* (
  client: S3Client,
  { bucket, prefix, depth, atMost = Number.POSITIVE_INFINITY }: Listing,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  let token: string | undefined;
  let left = atMost;
  do {
    let page: ListObjectsV2CommandOutput;
    try {
      page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          EncodingType: 'url',
          MaxKeys: Math.min(left, PAGE_KEYS),
          ...(depth === 'here' ? { Delimiter: '/' } : {}),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        signal === undefined ? {} : { abortSignal: signal },
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw explainListError({ bucket, prefix }, error);
    }
    const entries = entriesOf(page);
    yield* entries;
    left -= entries.length;
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined && left > 0);
};

/** Objects by the SDK. Every read carries the ETag, so that no two versions of an object meet in one result. */
export const openS3Files = (client: S3Client, signal?: AbortSignal): RemoteFiles => ({
  list: (listing) => list(client, listing, signal),
  read: async (file, range, own) => {
    if (range.lengthBytes === 0) return new Uint8Array();
    const signals = [signal, own].filter((each) => each !== undefined);
    try {
      return await getObjectRange(client, refOf(file), range, { signal: AbortSignal.any(signals) });
    } catch (error) {
      throw explainReadError(file.path, error);
    }
  },
  copy: async (file, ranges, path) => {
    signal?.throwIfAborted();
    try {
      await copyRangesToFile(client, refOf(file), ranges, path, { signal });
    } catch (error) {
      throw explainReadError(file.path, error);
    }
  },
});
