import type { HttpEvent, HttpReply } from '../../contract/api.ts';
import { SCOPES, type Scope } from '../../contract/api-keys.ts';
import { type ApiContext, requireScope } from './context.ts';
import { renderErrorReply } from './reply.ts';
import { ANSWERS } from './routes.ts';

/** What the deployment brings to a request; who asks stands in the request. */
export type ApiWorld = Omit<ApiContext, 'keyId' | 'scopes'>;

export type Answered = {
  readonly reply: HttpReply;
  /** For the log: what failed, where something did. */
  readonly error?: unknown;
};

/** Answers a request of the gateway; fails only where the event is none of it. */
export const answerRequest = async (world: ApiWorld, event: HttpEvent): Promise<Answered> => {
  const { requestId, authorizer } = event.requestContext;
  const context = { ...world, keyId: authorizer.lambda.keyId, scopes: scopesOf(authorizer.lambda.scopes) };
  const { scope, answer } = ANSWERS[event.routeKey];
  try {
    requireScope(context, scope, event.routeKey);
    return { reply: await answer(context, event) };
  } catch (error) {
    return { reply: renderErrorReply(error, requestId), error };
  }
};

/** A scope of a later version allows nothing here. */
const scopesOf = (text: string): ReadonlySet<Scope> =>
  new Set(SCOPES.filter((scope) => text.split(' ').includes(scope)));
