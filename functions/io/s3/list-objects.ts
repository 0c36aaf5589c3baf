import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { ObjectFacts } from '../object-store.ts';
import { isKey, isKeyComponent, requireFolder, requirePrefix } from '../store-key.ts';
import { asS3StoreError } from './s3-errors.ts';

type Listing = { readonly bucket: string; readonly prefix: string };

/** The pages of a listing, of at most 1,000 keys or folders each, which is S3's limit. Fails with StoreError. */
export async function* listPages(
  client: S3Client,
  { bucket, prefix, delimiter }: Listing & { readonly delimiter?: string },
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined;
  do {
    let page: ListObjectsV2CommandOutput;
    try {
      page = await client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          Delimiter: delimiter,
          ContinuationToken: token,
        }),
      );
    } catch (error) {
      throw asS3StoreError(error, { operation: 'list', key: prefix });
    }
    yield page;
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Objects whose key begins with the prefix, page by page. What stands under a name that is no key is not ours. */
export async function* listObjectPages(
  client: S3Client,
  listing: Listing,
): AsyncGenerator<readonly ObjectFacts[]> {
  requirePrefix(listing.prefix);
  for await (const { Contents = [] } of listPages(client, listing)) {
    yield Contents.flatMap(({ Key = '', Size = 0, LastModified }) =>
      isKey(Key) && LastModified !== undefined
        ? [{ key: Key, sizeBytes: Size, modifiedAt: LastModified.toISOString() }]
        : [],
    );
  }
}

/**
 * The names of the folders right below the prefix, in bytewise order. S3 orders them with their slash, by which `a-b/`
 * comes before `a/`, so all are taken first.
 */
export async function* listFolderNames(client: S3Client, listing: Listing): AsyncGenerator<string> {
  requireFolder(listing.prefix);
  const names: string[] = [];
  for await (const { CommonPrefixes = [] } of listPages(client, { ...listing, delimiter: '/' })) {
    for (const { Prefix = '' } of CommonPrefixes) names.push(Prefix.slice(listing.prefix.length, -1));
  }
  yield* names.filter(isKeyComponent).sort();
}
