import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { AuthorizerEvent, ErrorReply, HttpEvent, ROUTES } from '../../functions/contract/api.ts';
import { ApiKeySet } from '../../functions/contract/api-keys.ts';
import { isSpecKey, Rejection } from '../../functions/contract/rejection.ts';

/** The example of the page on Lambda integrations, with the route and the authorizer of this API. */
const HTTP_EVENT = {
  version: '2.0',
  routeKey: 'GET /jobs/{job}',
  rawPath: '/jobs/one',
  rawQueryString: 'parameter1=value1&parameter1=value2&parameter2=value',
  cookies: ['cookie1', 'cookie2'],
  headers: { header1: 'value1', header2: 'value1,value2' },
  queryStringParameters: { parameter1: 'value1,value2', parameter2: 'value' },
  requestContext: {
    accountId: '123456789012',
    apiId: 'api-id',
    authentication: { clientCert: { clientCertPem: 'CERT_CONTENT', subjectDN: 'www.example.com' } },
    authorizer: { lambda: { keyId: 'dbk_0123456789abcdef', scopes: 'submit read' } },
    domainName: 'id.execute-api.us-east-1.amazonaws.com',
    domainPrefix: 'id',
    http: {
      method: 'POST',
      path: '/path/to/resource',
      protocol: 'HTTP/1.1',
      sourceIp: '192.168.0.1/32',
      userAgent: 'agent',
    },
    requestId: 'id',
    routeKey: '$default',
    stage: '$default',
    time: '12/Mar/2020:19:03:58 +0000',
    timeEpoch: 1583348638390,
  },
  body: 'eyJ0ZXN0IjoiYm9keSJ9',
  pathParameters: { job: 'one' },
  isBase64Encoded: true,
  stageVariables: { stageVariable1: 'value1', stageVariable2: 'value2' },
};

/** The example of the page on Lambda authorizers, format 2.0. */
const AUTHORIZER_EVENT = {
  version: '2.0',
  type: 'REQUEST',
  routeArn: 'arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/request',
  identitySource: ['user1', '123'],
  routeKey: '$default',
  rawPath: '/my/path',
  rawQueryString: 'parameter1=value1',
  cookies: ['cookie1', 'cookie2'],
  headers: { header1: 'value1', authorization: 'Bearer x' },
  requestContext: { accountId: '123456789012', stage: '$default' },
};

describe('events of the gateway', () => {
  it('are read as its pages show them', () => {
    expect(HttpEvent.parse(HTTP_EVENT)).toMatchObject({
      pathParameters: { job: 'one' },
      isBase64Encoded: true,
    });
    const { body: _, pathParameters: __, queryStringParameters: ___, ...least } = HTTP_EVENT;
    expect(HttpEvent.parse({ ...least, routeKey: 'GET /jobs' }).routeKey).toBe('GET /jobs');
    expect(AuthorizerEvent.parse(AUTHORIZER_EVENT).headers.authorization).toBe('Bearer x');
  });

  it('are rejected without an authorizer, and on a route that is none', () => {
    const { authorizer: _, ...requestContext } = HTTP_EVENT.requestContext;
    expect(HttpEvent.safeParse({ ...HTTP_EVENT, requestContext }).success).toBe(false);
    const noContext = { ...requestContext, authorizer: { lambda: null } };
    expect(HttpEvent.safeParse({ ...HTTP_EVENT, requestContext: noContext }).success).toBe(false);
    expect(HttpEvent.safeParse({ ...HTTP_EVENT, routeKey: '$default' }).success).toBe(false);
    expect(new Set(ROUTES).size).toBe(ROUTES.length);
  });
});

describe('what others read', () => {
  it.each(Object.entries({ ApiKeySet, ErrorReply, Rejection }))(
    'can be told as JSON Schema: %s',
    (name, schema) => {
      expect(z.toJSONSchema(schema)).toMatchObject({ $defs: { [name]: { type: 'object' } } });
    },
  );
});

describe('a spec by its key', () => {
  it.each([
    'inbox/a.yaml',
    'inbox/x/y/a.yml',
    'inbox/a.json',
    'inbox/a.YAML',
    'inbox/rejected.json',
    'inbox/.yaml',
  ])('is one: %s', (key) => {
    expect(isSpecKey(key)).toBe(true);
  });

  it.each([
    'a.yaml',
    'Inbox/a.yaml',
    'inboxes/a.yaml',
    'inbox/a.csv',
    'inbox/a.yaml/',
    'inbox/a.yaml.rejected.json',
    'inbox/a.Rejected.JSON',
    'x/inbox/a.json',
  ])('is none: %s', (key) => {
    expect(isSpecKey(key)).toBe(false);
  });
});
