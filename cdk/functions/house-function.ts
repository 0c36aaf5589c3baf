import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ENVIRONMENT } from '../../functions/contract/environment.ts';
import { acknowledge, acknowledgeWildcards } from '../acknowledge.ts';
import type { FunctionCode } from '../code/function-code.ts';
import type { Settings } from '../settings.ts';
import type { FunctionSize } from './function-sizes.ts';

export type Variable = (typeof ENVIRONMENT)[keyof typeof ENVIRONMENT];

export type HouseFunctionProps = {
  readonly description: string;
  readonly code: FunctionCode;
  readonly size: FunctionSize;
  readonly settings: Pick<Settings, 'architecture' | 'logDays' | 'tracing'>;
};

export type Grant = {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Why a resource with a `*` in it cannot be narrower. */
  readonly wildcardReason?: string;
};

/** A function with a role and a log group of its own, which may do nothing until a grant says so. */
export class HouseFunction extends Construct {
  readonly lambda: lambda.Function;
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, { description, code, size, settings }: HouseFunctionProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not AWSLambdaBasicExecutionRole, which may write to every log group of the account.
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this.role);
    this.lambda = new lambda.Function(this, 'Function', {
      description,
      ...code,
      role: this.role,
      logGroup,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture:
        settings.architecture === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
      memorySize: size.megabytes,
      timeout: Duration.seconds(size.timeoutSeconds),
      ephemeralStorageSize: Size.mebibytes(size.scratchMebibytes),
      ...(size.reserved === undefined ? {} : { reservedConcurrentExecutions: size.reserved }),
      tracing: settings.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      // A job in flight keeps the code that it started with: the version of an earlier deploy stays.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
    });
    if (settings.tracing) {
      acknowledge(this, 'AwsSolutions-IAM5[Resource::*]', 'X-Ray takes segments for no narrower resource.');
    }
  }

  set(name: Variable, value: string): this {
    this.lambda.addEnvironment(name, value);
    return this;
  }

  allow({ actions, resources, conditions, wildcardReason }: Grant): this {
    this.role.addToPolicy(
      new iam.PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(conditions === undefined ? {} : { conditions }),
      }),
    );
    if (wildcardReason !== undefined) acknowledgeWildcards(this, resources, wildcardReason);
    return this;
  }
}
