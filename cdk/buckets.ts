import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { KEYS } from '../functions/contract/keys.ts';
import { acknowledge } from './acknowledge.ts';
import { keyPattern } from './key-pattern.ts';
import type { Settings } from './settings.ts';

export type BucketsProps = { readonly settings: Settings; readonly removalPolicy: RemovalPolicy };

/** Decided once, by If-None-Match, and never replaced: design section 4. */
const DECIDED_ONCE = [
  KEYS.job,
  KEYS.plan,
  KEYS.commit,
  KEYS.amendment,
  KEYS.sealed,
  KEYS.halt,
  KEYS.outcome,
  KEYS.slot,
  KEYS.waiting,
] as const;

/** `blocks` holds the state and what passes between stages, `data` what users bring and take. */
export class Buckets extends Construct {
  readonly blocks: s3.Bucket;
  readonly data: s3.Bucket;

  constructor(scope: Construct, id: string, { settings, removalPolicy }: BucketsProps) {
    super(scope, id);
    const shared = this.sharedProps(settings, removalPolicy);
    this.blocks = new s3.Bucket(this, 'Blocks', {
      ...shared,
      // In a versioned bucket a deleted commit would leave a marker, behind which If-None-Match succeeds.
      versioned: false,
      lifecycleRules: [
        ...shared.lifecycleRules,
        { id: 'forgotten-blocks', prefix: 'b/', expiration: Duration.days(settings.blockDays) },
      ],
    });
    this.refuseUnconditionalPuts();
    this.data = new s3.Bucket(this, 'Data', shared);
    // The property of the second construct would bring a custom resource with a function of its own.
    const data = this.data.node.defaultChild as s3.CfnBucket;
    data.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    acknowledge(
      this,
      'AwsSolutions-S1',
      'Access logs of blocks would be as many objects as the work itself; who needs them turns on data events of CloudTrail.',
    );
  }

  private sharedProps(settings: Settings, removalPolicy: RemovalPolicy) {
    const { kmsKeyArn } = settings;
    return {
      removalPolicy,
      autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      ...(kmsKeyArn === undefined
        ? { encryption: s3.BucketEncryption.S3_MANAGED }
        : {
            encryption: s3.BucketEncryption.KMS,
            encryptionKey: kms.Key.fromKeyArn(this, 'Key', kmsKeyArn),
            bucketKeyEnabled: true,
          }),
      lifecycleRules: [
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ] satisfies s3.LifecycleRule[],
    };
  }

  /**
   * The commit law, held by the bucket itself. S3 asks s3:PutObject also for each request of a multipart upload, and
   * all but the last bring no condition: so these objects come in one PutObject or not at all.
   */
  private refuseUnconditionalPuts(): void {
    this.blocks.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'DecidedOnce',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: DECIDED_ONCE.map((key) => this.blocks.arnForObjects(keyPattern(key))),
        conditions: { Null: { 's3:if-none-match': 'true' } },
      }),
    );
  }
}
