import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../functions/contract/api.ts';
import { propertiesOf, renderValue, resourcesOf, synthStack } from './synth-stack.ts';

const synthesized = synthStack();
const routes = Object.values(resourcesOf(synthesized, 'AWS::ApiGatewayV2::Route'));

describe('the HTTP API', () => {
  it('has these routes', () => {
    expect(routes.map(({ Properties }) => Properties.RouteKey).sort()).toEqual(
      [
        'GET /jobs',
        'GET /jobs/{job}',
        'GET /jobs/{job}/report',
        'POST /jobs',
        'POST /jobs/{job}/cancel',
        'POST /jobs/{job}/resume',
        'POST /start',
      ].sort(),
    );
    expect(ROUTES).toHaveLength(routes.length);
  });

  it('has no route without the authorizer, and none for everything', () => {
    for (const { Properties } of routes) {
      expect(Properties).toMatchObject({ AuthorizationType: 'CUSTOM' });
      expect(renderValue(Properties.AuthorizerId)).toBe('<HttpApiAuthorizer>');
      expect(Properties.RouteKey).not.toBe('$default');
    }
  });

  it('asks the authorizer for a simple answer, by the header alone, and keeps it for a minute', () => {
    const authorizer = propertiesOf(
      resourcesOf(synthesized, 'AWS::ApiGatewayV2::Authorizer'),
      'HttpApiAuthorizer',
    );
    expect(authorizer).toMatchObject({
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization'],
      AuthorizerResultTtlInSeconds: 60,
    });
    expect(renderValue(authorizer.AuthorizerUri)).toContain('<FunctionsAuthorizerFunction.Arn>');
  });

  it('is throttled, and writes an access log without headers and bodies', () => {
    const stage = propertiesOf(resourcesOf(synthesized, 'AWS::ApiGatewayV2::Stage'), 'HttpApiStage');
    expect(stage).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
    });
    const { Format, DestinationArn } = stage.AccessLogSettings as { Format: string; DestinationArn: unknown };
    expect(renderValue(DestinationArn)).toBe('<HttpApiAccessLogs.Arn>');
    expect(Object.keys(JSON.parse(Format))).toContain('requestId');
    expect(Format).not.toMatch(/header|body|authorizer\.(?!error)/i);
  });

  it('waits no longer for its functions than its clients wait for it', () => {
    const functions = resourcesOf(synthesized, 'AWS::Lambda::Function');
    expect(propertiesOf(functions, 'FunctionsApiFunction').Timeout).toBeLessThan(30);
    expect(propertiesOf(functions, 'FunctionsAuthorizerFunction').Timeout).toBeLessThan(10);
  });
});

describe('the secret of the API keys', () => {
  it('is made without a key', () => {
    const { SecretString } = propertiesOf(
      resourcesOf(synthesized, 'AWS::SecretsManager::Secret'),
      'ApiKeysSecret',
    );
    expect(JSON.parse(String(SecretString))).toEqual({ keys: [] });
  });
});
