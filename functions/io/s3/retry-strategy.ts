import { StandardRetryStrategy } from '@smithy/core/retry';

type Standard = Pick<
  StandardRetryStrategy,
  'acquireInitialRetryToken' | 'refreshRetryTokenForRetry' | 'recordSuccess'
>;

/**
 * The SDK's standard strategy: what it tries again, how often and how long it waits. Without the quota of retries that
 * all calls of a client share: 500 tokens, of which a lost connection takes 14 and a throttled request 5. A task has up
 * to 64 reads under way, so that of those that one broken line ends, 29 would never be tried again, and a prefix that
 * S3 is about to split would end the task in its second second. The bound is that of each call.
 */
export const createRetryStrategy = (maxAttempts: number): Standard => {
  // All that one remembers is its quota.
  const full = (): StandardRetryStrategy => new StandardRetryStrategy({ maxAttempts });
  return {
    acquireInitialRetryToken: (scope) => full().acquireInitialRetryToken(scope),
    refreshRetryTokenForRetry: (token, failure) => full().refreshRetryTokenForRetry(token, failure),
    recordSuccess: () => {},
  };
};
