import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTES } from '../functions/contract/api.ts';
import type { Functions } from './functions/functions.ts';
import type { Settings } from './settings.ts';

export type JobApiProps = { readonly settings: Settings; readonly functions: Functions };

/** A key that is taken back still works this long. */
const CACHE_SECONDS = 60;
/** Of all clients together: a job is one request, a `watch` one every few seconds. */
const THROTTLE = { rateLimit: 50, burstLimit: 100 } as const;

/** No header and no body: the keys of clients are in one, values in the other. */
const LOG_FIELDS = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  sourceIp: '$context.identity.sourceIp',
  latencyMs: '$context.responseLatency',
  error: '$context.error.message',
  authorizerError: '$context.authorizer.error',
  integrationError: '$context.integrationErrorMessage',
} as const;

export class JobApi extends Construct {
  readonly api: apigateway.HttpApi;

  constructor(scope: Construct, id: string, { settings, functions }: JobApiProps) {
    super(scope, id);
    this.api = new apigateway.HttpApi(this, 'Api', {
      description: `Jobs of ${settings.stackName}`,
      createDefaultStage: false,
    });
    const authorizer = new HttpLambdaAuthorizer('Authorizer', functions.of.authorizer.lambda, {
      responseTypes: [HttpLambdaResponseType.SIMPLE],
      // The cached answer holds for every route: the authorizer says who it is, the API what they may do.
      identitySource: ['$request.header.Authorization'],
      resultsCacheTtl: Duration.seconds(CACHE_SECONDS),
    });
    const integration = new HttpLambdaIntegration('Integration', functions.of.api.lambda);
    for (const route of ROUTES) {
      const [method, path] = route.split(' ') as [apigateway.HttpMethod, string];
      this.api.addRoutes({ path, methods: [method], integration, authorizer });
    }
    this.#addStage(settings);
  }

  #addStage({ logDays }: Settings): void {
    const logGroup = new logs.LogGroup(this, 'AccessLogs', {
      retention: logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new apigateway.HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(JSON.stringify(LOG_FIELDS)),
      },
    });
  }
}
