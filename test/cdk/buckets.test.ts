import { describe, expect, it } from 'vitest';
import { KEYS } from '../../functions/contract/keys.ts';
import {
  listOf,
  propertiesOf,
  renderStatements,
  renderValue,
  resourcesOf,
  type Statement,
  synthStack,
} from './synth-stack.ts';

const synthesized = synthStack();
const buckets = resourcesOf(synthesized, 'AWS::S3::Bucket');
const policies = resourcesOf(synthesized, 'AWS::S3::BucketPolicy');

describe.each(['BucketsBlocks', 'BucketsData'])('%s', (id) => {
  const properties = propertiesOf(buckets, id);

  it('is private, encrypted and the owner’s alone', () => {
    expect(properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
  });

  it('refuses what does not come over TLS, and allows nobody anything', () => {
    const statements = renderStatements(propertiesOf(policies, `${id}Policy`).PolicyDocument);
    expect(statements).toContain(
      `Deny s3:* on <${id}.Arn> <${id}.Arn>/* if {"Bool":{"aws:SecureTransport":"false"}}`,
    );
    expect(statements.filter((statement) => !statement.startsWith('Deny '))).toEqual([]);
  });

  it('ends multipart uploads that nobody finished', () => {
    expect(properties.LifecycleConfiguration).toMatchObject({
      Rules: expect.arrayContaining([
        {
          Id: 'unfinished-uploads',
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ]),
    });
  });

  it('stays when the stack goes', () => {
    expect(buckets[id]).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

describe('the blocks bucket', () => {
  it('has no versions: behind the marker of a deleted object If-None-Match would succeed', () => {
    expect(propertiesOf(buckets, 'BucketsBlocks')).not.toHaveProperty('VersioningConfiguration');
  });

  it('deletes forgotten blocks, and nothing else', () => {
    const { Rules } = propertiesOf(buckets, 'BucketsBlocks').LifecycleConfiguration as { Rules: object[] };
    expect(Rules.filter((rule) => 'ExpirationInDays' in rule)).toEqual([
      { Id: 'forgotten-blocks', Status: 'Enabled', Prefix: 'b/', ExpirationInDays: 14 },
    ]);
  });

  describe('DecidedOnce', () => {
    const { Statement: statements } = propertiesOf(policies, 'BucketsBlocksPolicy').PolicyDocument as {
      Statement: Statement[];
    };
    const decided = statements.find(({ Sid }) => Sid === 'DecidedOnce');
    const patterns = listOf(decided?.Resource)
      .map(renderValue)
      .map((arn) => arn.replace('<BucketsBlocks.Arn>/', ''));
    const covers = (key: string): boolean =>
      patterns.some((pattern) =>
        new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(key),
      );
    const ids = { job: 'a-job', run: '0001', stage: '00-map', task: '000000.001', k: '0', slot: '3' };
    const others = { attempt: 'f'.repeat(24), note: '8'.repeat(8), worker: 'w', format: 'csv' };

    it('refuses to everybody a PutObject without If-None-Match, the end of a multipart upload too', () => {
      expect(decided).toMatchObject({
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': 'true' } },
      });
    });

    it.each([
      KEYS.job.render(ids),
      KEYS.plan.render(ids),
      KEYS.commit.render(ids),
      KEYS.amendment.render(ids),
      KEYS.sealed.render(ids),
      KEYS.halt.render(ids),
      KEYS.outcome.render(ids),
      KEYS.slot.render(ids),
      KEYS.waiting.render({ ...ids, deadline: '9999' }),
    ])('holds for %s', (key) => {
      expect(covers(key)).toBe(true);
    });

    it.each([
      KEYS.report.render(ids),
      KEYS.trace.render(ids),
      KEYS.tasks.render({ ...ids, ...others }),
      KEYS.items.render({ ...ids, ...others }),
      KEYS.rejects.render({ ...ids, ...others }),
      KEYS.running.render({ ...ids, ...others }),
      'b/00/a-job/0001/00-map/000000-ffffffffffffffffffffffff.arrow',
      KEYS.forecast.render(ids),
    ])('leaves %s alone', (key) => {
      expect(covers(key)).toBe(false);
    });
  });
});

describe('the data bucket', () => {
  it('tells EventBridge of uploads, without the custom resource that the CDK would add', () => {
    expect(propertiesOf(buckets, 'BucketsData').NotificationConfiguration).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    });
    expect(resourcesOf(synthesized, 'Custom::S3BucketNotifications')).toEqual({});
  });
});

describe('a key of KMS', () => {
  it('encrypts both buckets, and few requests to KMS are made', () => {
    const kmsKeyArn = `arn:aws:kms:us-east-1:111122223333:key/mrk-${'0'.repeat(32)}`;
    const encrypted = resourcesOf(synthStack({ kmsKeyArn }), 'AWS::S3::Bucket');
    expect(Object.values(encrypted).map(({ Properties }) => Properties.BucketEncryption)).toEqual(
      ['BucketsBlocks', 'BucketsData'].map(() => ({
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn },
          },
        ],
      })),
    );
  });
});
