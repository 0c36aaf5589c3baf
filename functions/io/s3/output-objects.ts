import type { PartSource } from '../output.ts';

export type FoundObject = { readonly name: string; readonly sizeBytes: number; readonly etag: string };
export type ReadObject = { readonly bytes: Uint8Array; readonly etag: string };

/**
 * The requests that an output on S3 is made of, so that its law can be proved by a death around each of them and
 * with any number of runners between them. Names are relative to the output. All may throw StoreError; `isUnknown`
 * says that a write may have happened.
 */
export type OutputObjects = {
  /** `s3://bucket/prefix/`. */
  readonly place: string;
  readonly read: (name: string) => Promise<ReadObject | undefined>;
  /**
   * Puts where nothing stands, or in the place of exactly the object with the ETag `over`. Of any number who do so at
   * once one is told `written`.
   */
  readonly write: (
    name: string,
    bytes: Uint8Array,
    over: string | undefined,
  ) => Promise<'written' | 'refused'>;
  /** All objects, in bytewise order of their names; those that come or go meanwhile may be among them or not. */
  readonly list: () => AsyncIterable<FoundObject>;
  /** Deletes what still has its ETag; what is gone or has changed is left as it is. */
  readonly remove: (found: readonly Pick<FoundObject, 'name' | 'etag'>[]) => Promise<void>;
  /** Copies on the server, or uploads what lies in a local file; replaces what stands there. Returns the ETag. */
  readonly addPart: (name: string, source: PartSource) => Promise<string>;
};
