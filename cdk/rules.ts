import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Buckets } from './buckets.ts';
import { START_CONCURRENCY } from './functions/function-sizes.ts';
import type { Functions } from './functions/functions.ts';
import type { JobQueue } from './job-queue.ts';

export type RulesProps = {
  readonly buckets: Buckets;
  readonly queue: JobQueue;
  readonly functions: Functions;
  readonly machine: sfn.StateMachine;
};

const SPEC_ENDINGS = ['.yaml', '.yml', '.json'] as const;
/** Each message is a job of its own; more at once only wait in the function. */
const QUEUE_BATCH = 10;
const DELIVERY = { retryAttempts: 24, maxEventAge: Duration.hours(12) } as const;

/** What runs without being asked: uploads, executions that end, and the clock. */
export class Rules extends Construct {
  constructor(scope: Construct, id: string, props: RulesProps) {
    super(scope, id);
    this.#consumeQueue(props);
    this.#takeUploads(props);
    this.#dispatchAfterExecutions(props);
    this.#monitorEachMinute(props);
  }

  /** A message that fails comes again alone, without those that were taken with it. */
  #consumeQueue({ queue, functions }: RulesProps): void {
    functions.of.start.lambda.addEventSource(
      new SqsEventSource(queue.queue, {
        batchSize: QUEUE_BATCH,
        reportBatchItemFailures: true,
        maxConcurrency: START_CONCURRENCY,
      }),
    );
  }

  /**
   * An event pattern cannot say "ends in .json and not in .rejected.json" of one field, so what `start` itself writes
   * beside a bad spec comes to it as well, and `start` passes over it.
   */
  #takeUploads({ buckets, queue }: RulesProps): void {
    new events.Rule(this, 'Uploads', {
      description: 'A spec that is uploaded to inbox/ is a job',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [buckets.data.bucketName] },
          object: { key: SPEC_ENDINGS.map((ending) => ({ wildcard: `inbox/*${ending}` })) },
        },
      },
      targets: [new targets.SqsQueue(queue.queue, { ...DELIVERY, deadLetterQueue: queue.deadLetters })],
    });
  }

  /** The last state of an execution runs dispatch too; this is for those that end otherwise. */
  #dispatchAfterExecutions({ machine, functions, queue }: RulesProps): void {
    const { lambda } = functions.of.dispatch;
    lambda.configureAsyncInvoke({
      retryAttempts: 2,
      maxEventAge: Duration.hours(1),
      onFailure: new SqsDestination(queue.undispatched),
    });
    new events.Rule(this, 'Ended', {
      description: 'An execution that has ended makes room for a job that waits',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [machine.stateMachineArn],
          status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'],
        },
      },
      targets: [new targets.LambdaFunction(lambda, { ...DELIVERY, deadLetterQueue: queue.undispatched })],
    });
  }

  #monitorEachMinute({ functions }: RulesProps): void {
    const { lambda } = functions.of.monitor;
    // The next minute brings the next tick: a late one tells what is no longer so, and is no dead letter.
    lambda.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    new events.Rule(this, 'Tick', {
      description: 'The monitor looks after all jobs',
      schedule: events.Schedule.rate(Duration.minutes(1)),
      targets: [new targets.LambdaFunction(lambda, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }
}
