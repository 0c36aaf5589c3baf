/** The HTTP API: its routes, and what its handler and its authorizer get and give. */
import * as z from 'zod';
import { AuthorizerContext } from './api-keys.ts';

/** Every route; each is behind the authorizer. Whatever else is asked, the gateway answers with 404. */
export const ROUTES = [
  'POST /jobs',
  'POST /start',
  'GET /jobs',
  'GET /jobs/{job}',
  'GET /jobs/{job}/report',
  'POST /jobs/{job}/cancel',
  'POST /jobs/{job}/resume',
] as const;
export type Route = (typeof ROUTES)[number];

const Texts = z.record(z.string(), z.string().optional());

/**
 * The event of a Lambda integration with payload format 2.0. Names of headers are in lower case.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const HttpEvent = z.looseObject({
  routeKey: z.enum(ROUTES),
  headers: Texts.default({}),
  queryStringParameters: Texts.nullish(),
  pathParameters: Texts.nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.looseObject({
    requestId: z.string().default(''),
    domainName: z.string().optional(),
    authorizer: z.looseObject({ lambda: AuthorizerContext }),
  }),
});
export type HttpEvent = z.infer<typeof HttpEvent>;

/**
 * The event of a REQUEST authorizer with payload format 2.0, as far as it is read.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
 */
export const AuthorizerEvent = z.looseObject({ headers: Texts.default({}) });
export type AuthorizerEvent = z.infer<typeof AuthorizerEvent>;

export type HttpReply = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** One thing that is wrong with a spec, as replies and rejections carry it. Line and column count from 1. */
export const ReplyProblem = z
  .strictObject({
    path: z.string().describe('into the spec, for example steps[2].filter; empty for the whole document'),
    message: z.string(),
    line: z.int().min(1).optional(),
    column: z.int().min(1).optional(),
    suggestion: z.string().optional().describe('the nearest known name'),
  })
  .meta({ id: 'ReplyProblem' });

/** Why something was not done: the name of a row of the table of failures, a sentence, and all problems of a spec. */
export const ReplyFailure = z
  .strictObject({ name: z.string(), message: z.string(), problems: z.array(ReplyProblem) })
  .meta({ id: 'ReplyFailure' });
export type ReplyFailure = z.infer<typeof ReplyFailure>;

/** The body of every reply that is no success. */
export const ErrorReply = z.strictObject({ error: ReplyFailure }).meta({ id: 'ErrorReply' });
export type ErrorReply = z.infer<typeof ErrorReply>;

/** Media types of a spec, and the ending by which its reader knows it. A form carries modules beside it. */
export const SPEC_TYPES: Readonly<Record<string, '.json' | '.yaml'>> = {
  'application/json': '.json',
  'application/yaml': '.yaml',
  'application/x-yaml': '.yaml',
  'text/yaml': '.yaml',
  'text/x-yaml': '.yaml',
};
export const FORM_TYPE = 'multipart/form-data';

/** Jobs of a page of `GET /jobs`. */
export const PAGE = { jobs: 50, mostJobs: 100 } as const;
