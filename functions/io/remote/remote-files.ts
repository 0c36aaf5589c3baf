import type { S3Client } from '@aws-sdk/client-s3';
import { NotYetError } from '../../contract/errors-command.ts';
import type { PinnedFile } from '../../contract/pinned-input.ts';

/** An object of an input, of the version that was pinned. */
export type RemoteFile = Pick<PinnedFile, 'path' | 'sizeBytes' | 'etag'>;

export type ByteRange = { readonly offset: number; readonly lengthBytes: number };

/** What a listing finds: an object, or where it goes no deeper the name of a folder, with its slash. */
export type ListedObject =
  | { readonly kind: 'object'; readonly key: string; readonly sizeBytes: number; readonly etag: string }
  | { readonly kind: 'folder'; readonly key: string };

export type Listing = {
  readonly bucket: string;
  /** What keys begin with. */
  readonly prefix: string;
  /** `here`: keys with a slash behind the prefix are folders. */
  readonly depth: 'here' | 'all';
  /** Default: everything. */
  readonly atMost?: number;
};

/** Objects in S3, as an input needs them. */
export type RemoteFiles = {
  /** In the order of their bytes. Fails with InputNotFoundError and InputAccessError. */
  readonly list: (listing: Listing) => AsyncIterable<ListedObject>;
  /** Exactly these bytes. Fails with InputChangedError, InputAccessError, and StoreError where S3 does not answer. */
  readonly read: (file: RemoteFile, range: ByteRange, signal?: AbortSignal) => Promise<Uint8Array>;
  /**
   * Copies ranges into a local file at their own offsets, in bounded parallel. The file gets the size of the object;
   * what else was in it stays. Fails as `read` does, and with the system's own error where the disk is full.
   */
  readonly copy: (file: RemoteFile, ranges: readonly ByteRange[], path: string) => Promise<void>;
};

/**
 * Opens what `s3://` addresses name. The SDK is loaded here and not before: most jobs never need it, and it takes a
 * tenth of a second. Fails with NotYetError where there is no client.
 */
export const openRemoteFiles = async (
  client: S3Client | undefined,
  signal?: AbortSignal,
): Promise<RemoteFiles> => {
  if (client === undefined)
    throw new NotYetError([{ path: 'input.uri', message: 'an s3:// address cannot be read here' }]);
  const { openS3Files } = await import('./s3-files.ts');
  return openS3Files(client, signal);
};
