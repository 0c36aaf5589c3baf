import type { Claim } from '../contract/claim.ts';
import type { Manifest } from '../contract/manifest.ts';
import type { ObjectStore } from './object-store.ts';

export type OutputMode = 'fail' | 'overwrite';

/** Whether a job can no longer publish; undefined where nobody here knows it. */
export type HasEnded = (claim: Claim) => Promise<boolean | undefined>;

export type ClaimOptions = {
  readonly mode: OutputMode;
  readonly hasEnded: HasEnded;
  /**
   * Whether the publish of this job is finished. On S3 a job that another one has replaced since is not published
   * again by a runner of it that comes late.
   */
  readonly hasPublished?: () => Promise<boolean>;
};

/** A committed object that becomes a part of an output, or one of its files of rejects. */
export type PartSource = {
  readonly store: ObjectStore;
  readonly key: string;
  readonly sizeBytes: number;
  /** Hex, where it is known: a store that is sent the bytes then refuses others. */
  readonly sha256?: string;
};

/**
 * The place that a job publishes into, of which the law is: complete means that the manifest is there, and nothing
 * of an attempt that lost is ever seen. On files: io/file-output. On S3: io/s3/s3-output.
 */
export type Output = {
  /** The path without links, or the address `s3://bucket/prefix/`. */
  readonly place: string;
  /** How many calls of `addPart` at once are of use. */
  readonly copiesAtOnce: number;
  /** Fails with OutputExistsError where something is there that the mode does not replace; writes nothing. */
  readonly requireFree: (mode: OutputMode) => Promise<void>;
  /**
   * Takes the output for the job, before any work and again at publish. Repeatable. Fails with OutputExistsError
   * where something is there that the mode does not replace, with OutputClaimedError where it belongs to a job of
   * which `hasEnded` does not say yes. A job has ended when its outcome publishes nothing, or its publish is
   * finished. A later run of the same job takes over what the earlier one built.
   */
  readonly claim: (options: ClaimOptions) => Promise<void>;
  /**
   * Gives a committed object its name in the output: without a copy on files, by the server on S3. Repeatable; `there`
   * where nothing was to be done.
   */
  readonly addPart: (name: string, source: PartSource) => Promise<'added' | 'there'>;
  /** Writes the manifest last and makes the output appear. Repeatable; afterwards the claim binds nobody. */
  readonly finish: (manifest: Manifest, mode: OutputMode) => Promise<void>;
  /**
   * Gives the output back, with nothing published; an old output that stood aside is put back. Repeatable. Does
   * nothing where the output belongs to another job, or to a later run of this one.
   */
  readonly release: () => Promise<void>;
  /** Whether this job's output is there, complete. */
  readonly isPublished: () => Promise<boolean>;
};
