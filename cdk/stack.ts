import {
  CfnOutput,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  type IStackSynthesizer,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { OUTPUTS } from '../functions/contract/environment.ts';
import { Alarms } from './alarms.ts';
import { ApiKeys } from './api-keys.ts';
import { Buckets } from './buckets.ts';
import type { CodeOf } from './code/function-code.ts';
import { START_TIMEOUT_SECONDS } from './functions/function-sizes.ts';
import { Functions } from './functions/functions.ts';
import { JobApi } from './http-api.ts';
import { JobQueue } from './job-queue.ts';
import { judgeRemoval } from './removal.ts';
import { Rules } from './rules.ts';
import type { Settings } from './settings.ts';
import { JobMachine } from './state-machine/state-machine.ts';

export type DaybreakStackProps = { readonly settings: Settings; readonly codeOf: CodeOf };

/** Daybreak in one account and Region, whichever they are: it looks nothing up. */
export class DaybreakStack extends Stack {
  constructor(scope: Construct, { settings, codeOf }: DaybreakStackProps) {
    super(scope, settings.stackName, {
      description: 'Daybreak: batch work over files',
      synthesizer: synthesizerOf(settings),
    });
    const removalPolicy = judgeRemoval(this, settings);

    const buckets = new Buckets(this, 'Buckets', { settings, removalPolicy });
    const queue = new JobQueue(this, 'Queue', { consumerTimeoutSeconds: START_TIMEOUT_SECONDS });
    const apiKeys = new ApiKeys(this, 'ApiKeys');
    const functions = new Functions(this, 'Functions', { settings, codeOf, buckets, queue, apiKeys });
    const { machine } = new JobMachine(this, 'StateMachine', { settings, buckets, functions });
    const { api } = new JobApi(this, 'HttpApi', { settings, functions });
    new Rules(this, 'Rules', { buckets, queue, functions, machine });
    new Alarms(this, 'Alarms', { settings, queue });
    // The GPUs of `infer` come here: the construct Gpus of cdk/gpus.ts, and the state Infer beside Map and Reduce.

    this.#put(OUTPUTS.blocksBucket, buckets.blocks.bucketName);
    this.#put(OUTPUTS.dataBucket, buckets.data.bucketName);
    this.#put(OUTPUTS.queueUrl, queue.queue.queueUrl);
    this.#put(OUTPUTS.deadLettersUrl, queue.deadLetters.queueUrl);
    this.#put(OUTPUTS.stateMachineArn, machine.stateMachineArn);
    this.#put(OUTPUTS.apiUrl, api.apiEndpoint);
    this.#put(OUTPUTS.apiKeysSecretArn, apiKeys.secret.secretArn);
    this.#tag(settings);
  }

  #put(name: (typeof OUTPUTS)[keyof typeof OUTPUTS], value: string): void {
    new CfnOutput(this, name, { value });
  }

  /** By which costs are told apart. */
  #tag({ stackName, tags }: Settings): void {
    for (const [name, value] of Object.entries({ ...tags, app: 'daybreak', 'daybreak:stack': stackName })) {
      Tags.of(this).add(name, value);
    }
  }
}

/** The library's own types do not hold under exactOptionalPropertyTypes, hence the cast. */
const synthesizerOf = ({ synthesizer }: Settings): IStackSynthesizer =>
  (synthesizer === 'default'
    ? new DefaultStackSynthesizer()
    : new CliCredentialsStackSynthesizer()) as IStackSynthesizer;
