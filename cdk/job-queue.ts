import { Duration } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

/** What SQS advises: six times what the consumer may take, so that a retry of Lambda's own is no second delivery. */
const VISIBILITY_PER_TIMEOUT = 6;
/** Of a message that fails again and again; then it is a dead letter, which an alarm tells. */
const MOST_RECEIVES = 5;
/** The longest that SQS keeps a message. */
const DEAD_LETTER_DAYS = 14;

export type JobQueueProps = { readonly consumerTimeoutSeconds: number };

/** The one way in: what POST and the inbox bring waits here for `start`. */
export class JobQueue extends Construct {
  readonly queue: sqs.Queue;
  /** Messages for `start`, those of uploads that never came to the queue too: all of them may be given back to it. */
  readonly deadLetters: sqs.Queue;
  /**
   * What dispatch failed to do behind an execution, for people to see. No message of it is a job, and none is lost: the
   * monitor dispatches each minute.
   */
  readonly undispatched: sqs.Queue;

  constructor(scope: Construct, id: string, { consumerTimeoutSeconds }: JobQueueProps) {
    super(scope, id);
    const safe = { enforceSSL: true, encryption: sqs.QueueEncryption.SQS_MANAGED } as const;
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      ...safe,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
    });
    this.undispatched = new sqs.Queue(this, 'Undispatched', {
      ...safe,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
    });
    acknowledge(
      this.undispatched,
      'AwsSolutions-SQS3',
      'Nobody consumes it, so no message of it can become a dead letter.',
    );
    this.queue = new sqs.Queue(this, 'Jobs', {
      ...safe,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
      visibilityTimeout: Duration.seconds(VISIBILITY_PER_TIMEOUT * consumerTimeoutSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MOST_RECEIVES },
    });
  }
}
