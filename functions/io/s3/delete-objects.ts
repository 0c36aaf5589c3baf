import { DeleteObjectsCommand, type DeleteObjectsCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { StoreError } from '../../contract/errors-store.ts';
import { asS3StoreError } from './s3-errors.ts';

/** Errors of single keys that pass; the SDK sees a request that succeeded. */
const PASSING: ReadonlySet<string> = new Set([
  'InternalError',
  'SlowDown',
  'ServiceUnavailable',
  'ConditionalRequestConflict',
]);

/** What there is no more to delete: a key that is gone, or whose object is no longer the one that was meant. */
const DELETED: ReadonlySet<string> = new Set(['NoSuchKey', 'PreconditionFailed']);

/** S3's limit on the keys of one request. */
export const MOST_DELETES = 1000;

/** With an ETag only the object that has it is meant. */
export type DeletedObject = { readonly Key: string; readonly ETag?: string };

/**
 * Deletes at most {@link MOST_DELETES} objects; one that is not there is no error. Where single keys fail in a way that
 * passes, the SDK sends all again. Fails with StoreError, which names the first key that is still there.
 */
export const deleteObjects = async (
  client: S3Client,
  bucket: string,
  objects: readonly DeletedObject[],
): Promise<void> => {
  const [first] = objects;
  if (first === undefined) return;
  const command = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Quiet: true, Objects: [...objects] },
  });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      requireDeleted(result.output as DeleteObjectsCommandOutput);
      return result;
    },
    { step: 'deserialize', priority: 'high', name: 'daybreakRequireDeleted' },
  );
  try {
    await client.send(command);
  } catch (error) {
    if (error instanceof PartlyDeletedError) throw asStoreError(error);
    throw asS3StoreError(error, { operation: 'delete', key: `${first.Key} and ${objects.length - 1} more` });
  }
};

type DeleteError = NonNullable<DeleteObjectsCommandOutput['Errors']>[number];

class PartlyDeletedError extends Error {
  override readonly name = 'PartlyDeletedError';
  readonly errors: readonly DeleteError[];
  /** What the SDK's retries look for. */
  readonly $retryable: { readonly throttling: boolean } | undefined;

  constructor(errors: readonly DeleteError[]) {
    super(`${errors.length} keys were not deleted`);
    this.errors = errors;
    if (errors.some(({ Code = '' }) => PASSING.has(Code)))
      this.$retryable = { throttling: errors.some(({ Code }) => Code === 'SlowDown') };
  }
}

const requireDeleted = ({ Errors = [] }: DeleteObjectsCommandOutput): void => {
  const errors = Errors.filter(({ Code = '' }) => !DELETED.has(Code));
  if (errors.length > 0) throw new PartlyDeletedError(errors);
};

const asStoreError = (failure: PartlyDeletedError): StoreError => {
  const [first] = failure.errors;
  const reason = `${failure.errors.length} keys are left, this one with ${first?.Code ?? 'an error'} (${first?.Message ?? ''})`;
  return new StoreError(
    {
      operation: 'delete',
      key: first?.Key ?? '',
      reason,
      isUnknown: failure.$retryable !== undefined,
    },
    { cause: failure },
  );
};
