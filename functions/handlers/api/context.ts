import type { Scope } from '../../contract/api-keys.ts';
import { ForbiddenError } from '../../contract/errors-cloud.ts';
import type { StartMessage } from '../../contract/start-message.ts';
import type { UriRule } from '../../core/judge-allowed-uris.ts';
import type { StageContext } from '../../stages/stage-context.ts';

/** What the routes need of the deployment, and who asks. */
export type ApiContext = Pick<StageContext, 's3' | 'store' | 'now'> & {
  readonly send: (message: StartMessage) => Promise<void>;
  /** What the specs of API keys may name. */
  readonly uris: UriRule;
  /** Random bytes as hex digits, for the ids of jobs. */
  readonly random: (bytes: number) => string;
  readonly keyId: string;
  readonly scopes: ReadonlySet<Scope>;
};

/** Fails with ForbiddenError. `what` begins the sentence. */
export const requireScope = ({ scopes }: Pick<ApiContext, 'scopes'>, scope: Scope, what: string): void => {
  if (!scopes.has(scope)) throw new ForbiddenError({ scope, what });
};
