import { Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { TASK_FUNCTIONS } from '../../functions/contract/environment.ts';
import { KEYS } from '../../functions/contract/keys.ts';
import { acknowledge, acknowledgeWildcards } from '../acknowledge.ts';
import type { Buckets } from '../buckets.ts';
import type { Functions } from '../functions/functions.ts';
import { keyPattern } from '../key-pattern.ts';
import type { Settings } from '../settings.ts';
import { childExecutionArns, executionArns, machineArn } from './machine-arns.ts';
import { MACHINE_FUNCTIONS, type MachineFunctionName, type MachineParts } from './machine-parts.ts';
import { renderDefinition } from './render-definition.ts';

export type JobMachineProps = {
  readonly settings: Settings;
  readonly buckets: Buckets;
  readonly functions: Functions;
};

const HOUR_SECONDS = 3600;

const CALLED: readonly MachineFunctionName[] = [
  ...MACHINE_FUNCTIONS,
  ...TASK_FUNCTIONS,
  ...TASK_FUNCTIONS.map((name) => `${name}-large` as const),
];

/** The one state machine, and the role that each of its executions has. */
export class JobMachine extends Construct {
  readonly machine: sfn.StateMachine;
  readonly #props: JobMachineProps;
  readonly #role: iam.Role;

  constructor(scope: Construct, id: string, props: JobMachineProps) {
    super(scope, id);
    this.#props = props;
    const { stackName, logDays, tracing } = props.settings;
    this.#role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    this.#grantCalls();
    this.#grantTasks();
    this.#grantMaps();
    this.machine = new sfn.StateMachine(this, 'Machine', {
      stateMachineName: stackName,
      stateMachineType: sfn.StateMachineType.STANDARD,
      definitionBody: sfn.DefinitionBody.fromString(
        Stack.of(this).toJsonString(renderDefinition(this.#parts())),
      ),
      role: this.#role,
      tracingEnabled: tracing,
      logs: {
        destination: new logs.LogGroup(this, 'Logs', {
          // CloudWatch keeps one policy for all log groups of services, which this prefix keeps short.
          logGroupName: `/aws/vendedlogs/states/${stackName}`,
          retention: logDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: sfn.LogLevel.ERROR,
        includeExecutionData: false,
      },
    });
    this.#acknowledge();
  }

  #parts(): MachineParts {
    const { settings, buckets, functions } = this.#props;
    return {
      partition: Aws.PARTITION,
      blocksBucketName: buckets.blocks.bucketName,
      versionArns: Object.fromEntries(
        CALLED.map((name) => [name, functions.of[name].lambda.currentVersion.functionArn]),
      ) as MachineParts['versionArns'],
      functionTimeoutSeconds: settings.functions.timeoutSeconds,
      executionTimeoutSeconds: settings.longestJobHours * HOUR_SECONDS,
    };
  }

  /** Every version: an execution in flight calls those that it started with. */
  #grantCalls(): void {
    const versions = CALLED.map((name) => `${this.#props.functions.of[name].lambda.functionArn}:*`);
    this.#role.addToPolicy(
      new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: versions }),
    );
    acknowledgeWildcards(
      this.#role,
      versions,
      'An execution in flight calls the versions of its functions that were there when it started.',
    );
  }

  /** What a Map reads, and what a task that failed leaves. */
  #grantTasks(): void {
    const { blocks } = this.#props.buckets;
    const items = [blocks.arnForObjects(keyPattern(KEYS.items))];
    const notes = [blocks.arnForObjects(keyPattern(KEYS.failure))];
    this.#role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: items }));
    this.#role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: notes }));
    acknowledgeWildcards(
      this.#role,
      [...items, ...notes],
      'The key of an object is made of ids that exist only when a job runs.',
    );
    const { kmsKeyArn } = this.#props.settings;
    if (kmsKeyArn === undefined) return;
    this.#role.addToPolicy(
      new iam.PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [kmsKeyArn] }),
    );
  }

  /** A Map Run starts executions of this very state machine, and looks after them. */
  #grantMaps(): void {
    const { stackName } = this.#props.settings;
    const executions = [executionArns(this, stackName), childExecutionArns(this, stackName)];
    this.#role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['states:StartExecution'],
        resources: [machineArn(this, stackName)],
      }),
    );
    this.#role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
        resources: executions,
      }),
    );
    acknowledgeWildcards(this.#role, executions, 'The executions of a Map are named by Step Functions.');
  }

  #acknowledge(): void {
    acknowledge(
      this,
      'AwsSolutions-SF1',
      'Step Functions keeps the history of a STANDARD execution for 90 days; all its events once more in a log would cost more than the execution.',
    );
    if (!this.#props.settings.tracing) {
      acknowledge(
        this,
        'AwsSolutions-SF2',
        'The setting `tracing` turns X-Ray on; it is charged by the trace.',
      );
    }
    acknowledge(
      this.#role,
      'AwsSolutions-IAM5[Resource::*]',
      'Log deliveries, and traces where they are on, have no narrower resource.',
    );
  }
}
