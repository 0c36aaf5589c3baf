import type { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientOptions } from './s3-client.ts';

type Command = Parameters<S3Client['send']>[0];
type Options = { readonly abortSignal?: AbortSignal };

/**
 * A client that loads the SDK with its first request: that takes a tenth of a second, and most local jobs never need
 * it.
 */
export const createLazyS3Client = (options: S3ClientOptions): S3Client => {
  let loading: Promise<S3Client> | undefined;
  const load = async (): Promise<S3Client> => (await import('./s3-client.ts')).createS3Client(options);
  const lazy = {
    send: async (command: Command, request: Options = {}): Promise<unknown> => {
      loading ??= load();
      return (await loading).send(command, request);
    },
    destroy: (): void => {
      loading?.then((client) => client.destroy()).catch(() => {}); // one that never came is closed
    },
  };
  // Nobody asks anything else of a client, and the overloads of `send` have no other form.
  return lazy as unknown as S3Client;
};
