import type { S3Location } from '../core/s3-uri.ts';

/** What an object store promises, on files and on S3 alike. One conformance suite holds for all: test/conformance. */

export type ObjectFacts = {
  readonly key: string;
  readonly sizeBytes: number;
  /** ISO 8601, UTC, by the store's clock. */
  readonly modifiedAt: string;
};

/** What a store knows of an object's bytes. */
export type ObjectSums = {
  readonly sizeBytes: number;
  /** Hex; undefined where the store has none: on S3, of an object that came in parts. */
  readonly sha256: string | undefined;
};

/**
 * Every method may throw StoreError; `isUnknown` then says that a write may have happened. An object appears
 * whole or not at all, and a write that returned has survived a loss of power.
 */
export type ObjectStore = {
  readonly get: (key: string) => Promise<Uint8Array | undefined>;
  /** The bytes of the range that there are: fewer where the object ends before, none past its end. */
  readonly getRange: (key: string, offset: number, lengthBytes: number) => Promise<Uint8Array | undefined>;
  readonly head: (key: string) => Promise<ObjectFacts | undefined>;
  /** Puts or replaces. For advisory objects: never for what the commit law decides by. */
  readonly put: (key: string, bytes: Uint8Array) => Promise<void>;
  /** Puts where nothing is; of any number of writers at once exactly one is told `created`. */
  readonly putIfAbsent: (key: string, bytes: Uint8Array) => Promise<'created' | 'exists'>;
  /**
   * Makes a finished local file the object, replacing one that is there. On files it may become one and the
   * same file: nobody writes to `path` afterwards. The file itself stays, for its owner to remove. `sha256` is that
   * of the file where the caller knows it, for a store that checks what arrives.
   */
  readonly putFile: (key: string, path: string, sha256?: string) => Promise<void>;
  /** Files read the bytes again; S3 says what it verified when they came. */
  readonly sums: (key: string) => Promise<ObjectSums | undefined>;
  /** Objects whose key begins with the prefix, in bytewise order of keys. */
  readonly list: (prefix: string) => AsyncIterable<ObjectFacts>;
  /** The names between the prefix, which ends in `/`, and the next `/` of the keys that have one; in bytewise order. */
  readonly listFolders: (prefix: string) => AsyncIterable<string>;
  /** Deletes; nothing there is no error. */
  readonly delete: (key: string) => Promise<void>;
  /**
   * Deletes an object that has just these bytes, and tells whether it did. On files there is a moment between the
   * look and the deed: only the cloud decides anything by it.
   */
  readonly deleteIfSame: (key: string, bytes: Uint8Array) => Promise<boolean>;
  /** Deletes all that {@link list} gives for the prefix, which is not empty. */
  readonly deletePrefix: (prefix: string) => Promise<void>;
  /** The path to read the object at, where the store is on files; whether it exists is not asked. */
  readonly localPath: (key: string) => string | undefined;
  /** Where the object lies, where the store is on S3, for a copy by the server; whether it exists is not asked. */
  readonly s3Location?: (key: string) => S3Location;
};
