/** What each role may do, to the statement: whoever widens one changes this list. */
import { describe, expect, it } from 'vitest';
import { propertiesOf, renderStatements, resourcesOf, synthStack } from '../synth-stack.ts';

const BLOCKS = '<BucketsBlocks.Arn>';
const DATA = '<BucketsData.Arn>';
const MACHINE = 'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>';

const resultsOf = (...names: readonly string[]): string =>
  names.map((name) => `${DATA}/results/*${name}`).join(' ');
const RELEASED = resultsOf('_daybreak.json', '_rejects/*-*-*.*', 'part-*-*.*');
const JUDGED = resultsOf('_daybreak.json', '_manifest.json', '_rejects/*-*-*.*', 'part-*-*.*');

const listing = (bucket: string, ...prefixes: readonly string[]): string =>
  `Allow s3:ListBucket on ${bucket} if ${JSON.stringify({ StringLikeIfExists: { 's3:prefix': prefixes } })}`;

const synthesized = synthStack();
const roles = resourcesOf(synthesized, 'AWS::IAM::Role');
const policies = resourcesOf(synthesized, 'AWS::IAM::Policy');
/** What a role may do, but for its own log group, which each has. */
const allowed = (name: string): readonly string[] => {
  const statements = renderStatements(
    propertiesOf(policies, `Functions${name}RoleDefaultPolicy`).PolicyDocument,
  );
  const log = `Allow logs:CreateLogStream logs:PutLogEvents on <Functions${name}Logs.Arn>`;
  expect(statements).toContain(log);
  return statements.filter((statement) => statement !== log);
};

const TASK_WRITES = [
  `${BLOCKS}/b/*`,
  `${BLOCKS}/jobs/*/*/*/commits/*.json`,
  `${BLOCKS}/jobs/*/*/*/rejects/*-*.*`,
  `${BLOCKS}/jobs/*/*/halt.json`,
].join(' ');
const REDUCE = [
  `Allow s3:GetObject on ${BLOCKS}/b/* ${BLOCKS}/jobs/*`,
  listing(BLOCKS, 'jobs/*', 'b/*'),
  `Allow s3:AbortMultipartUpload s3:PutObject on ${TASK_WRITES}`,
  `Allow s3:DeleteObject on ${BLOCKS}/b/*`,
];
const MAP = [
  `Allow s3:GetObject on ${BLOCKS}/b/* ${BLOCKS}/jobs/* ${DATA}/*`,
  ...REDUCE.slice(1),
  listing(DATA, '*'),
];
const SLOTS = `${BLOCKS}/slots/*.json`;
const WAITING = `${BLOCKS}/waiting/*-*`;
const TAKE_SLOTS = `Allow s3:DeleteObject s3:GetObject on ${SLOTS} ${WAITING}`;
const START_EXECUTION = `Allow states:StartExecution on ${MACHINE}:stateMachine:Daybreak`;
const EXECUTIONS = `${MACHINE}:execution:Daybreak:*`;

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  Split: [
    `Allow s3:GetObject on ${BLOCKS}/b/* ${BLOCKS}/history/*/*.json ${BLOCKS}/jobs/* ${BLOCKS}/slots/*.json ${BLOCKS}/waiting/*-* ${DATA}/* ${DATA}/results/*`,
    listing(BLOCKS, 'jobs/*', 'b/*', 'history/*', 'slots/*', 'waiting/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${BLOCKS}/jobs/* ${DATA}/results/*`,
    listing(DATA, '*'),
    listing(DATA, 'results/*'),
    `Allow s3:DeleteObject on ${BLOCKS}/b/* ${DATA}/results/*`,
  ],
  Map: MAP,
  MapLarge: MAP,
  Reduce: REDUCE,
  ReduceLarge: REDUCE,
  Modules: MAP,
  ModulesLarge: MAP,
  Seal: [
    `Allow s3:GetObject on ${BLOCKS}/b/* ${BLOCKS}/jobs/*`,
    listing(BLOCKS, 'jobs/*', 'b/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${BLOCKS}/jobs/*`,
    `Allow s3:DeleteObject on ${BLOCKS}/b/*`,
  ],
  Publish: [
    `Allow s3:GetObject on ${BLOCKS}/b/* ${BLOCKS}/jobs/* ${BLOCKS}/slots/*.json ${BLOCKS}/waiting/*-* ${DATA}/results/*`,
    listing(BLOCKS, 'jobs/*', 'b/*', 'slots/*', 'waiting/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${BLOCKS}/history/*/*.json ${BLOCKS}/jobs/* ${DATA}/results/*`,
    `Allow s3:DeleteObject on ${BLOCKS}/b/* ${DATA}/results/*`,
    listing(DATA, 'results/*'),
  ],
  End: [
    `Allow s3:AbortMultipartUpload s3:GetObject s3:PutObject on ${BLOCKS}/jobs/*`,
    listing(BLOCKS, 'jobs/*'),
    `Allow s3:GetObject on ${JUDGED}`,
    listing(DATA, 'results/*'),
    `Allow s3:DeleteObject on ${RELEASED}`,
  ],
  Dispatch: [
    TAKE_SLOTS,
    listing(BLOCKS, 'slots/*', 'waiting/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${SLOTS}`,
    START_EXECUTION,
    'Allow sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage on <QueueUndispatched.Arn>',
  ],
  Start: [
    TAKE_SLOTS,
    `Allow s3:GetObject on ${BLOCKS}/jobs/* ${DATA}/inbox/*`,
    listing(BLOCKS, 'slots/*', 'waiting/*'),
    listing(BLOCKS, 'jobs/*'),
    listing(DATA, 'inbox/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${BLOCKS}/jobs/*/job.json ${SLOTS} ${WAITING} ${DATA}/inbox/*.rejected.json`,
    `Allow s3:DeleteObject on ${BLOCKS}/jobs/*/*/halt.json`,
    START_EXECUTION,
    `Allow states:DescribeExecution on ${EXECUTIONS}`,
    'Allow sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ReceiveMessage on <QueueJobs.Arn>',
  ],
  Api: [
    `Allow s3:GetObject on ${BLOCKS}/jobs/* ${BLOCKS}/slots/*.json ${BLOCKS}/waiting/*-* ${JUDGED}`,
    listing(BLOCKS, 'jobs/*', 'slots/*', 'waiting/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${BLOCKS}/jobs/*/*/halt.json ${BLOCKS}/jobs/*/*/outcome.json ${BLOCKS}/jobs/*/modules/*.mjs ${BLOCKS}/jobs/*/report.json ${BLOCKS}/jobs/*/trace.jsonl`,
    `Allow s3:DeleteObject on ${RELEASED}`,
    listing(DATA, 'results/*'),
    'Allow sqs:SendMessage on <QueueJobs.Arn>',
  ],
  Authorizer: ['Allow secretsmanager:GetSecretValue on <ApiKeysSecret>'],
  Monitor: [
    TAKE_SLOTS,
    `Allow s3:GetObject on ${BLOCKS}/jobs/*`,
    listing(BLOCKS, 'slots/*', 'waiting/*'),
    listing(BLOCKS, 'jobs/*'),
    `Allow s3:AbortMultipartUpload s3:PutObject on ${SLOTS}`,
    START_EXECUTION,
    `Allow states:DescribeExecution states:StopExecution on ${EXECUTIONS}`,
  ],
};

describe('the roles of the functions', () => {
  it('are one for each function, without a managed policy, for Lambda alone', () => {
    const names = Object.keys(roles).filter((id) => id.startsWith('Functions'));
    expect(names.sort()).toEqual(
      Object.keys(EXPECTED)
        .map((name) => `Functions${name}Role`)
        .sort(),
    );
    for (const id of names) {
      expect(propertiesOf(roles, id)).not.toHaveProperty('ManagedPolicyArns');
      expect(propertiesOf(roles, id).AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Principal: { Service: 'lambda.amazonaws.com' } }],
      });
    }
  });

  it.each(Object.entries(EXPECTED))('let %s do its work and nothing else', (name, statements) => {
    expect([...allowed(name)].sort()).toEqual([...statements].sort());
  });

  it('let nobody but the authorizer read the API keys', () => {
    const readers = Object.entries(policies).filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes('secretsmanager:'),
    );
    expect(readers.map(([id]) => id)).toEqual(['FunctionsAuthorizerRoleDefaultPolicy']);
  });

  it('let nobody delete a commit, a plan or an outcome', () => {
    const deletes = Object.values(policies)
      .flatMap(({ Properties }) => renderStatements(Properties.PolicyDocument))
      .filter((statement) => statement.includes('s3:DeleteObject'));
    expect(deletes.length).toBeGreaterThan(0);
    for (const statement of deletes)
      expect(statement).not.toMatch(/\/jobs\/\*(?= |$)|commits|plan|outcome|sealed/);
  });
});

describe('the setting data', () => {
  const key = `arn:aws:kms:us-east-1:111122223333:key/mrk-${'1'.repeat(32)}`;
  const others = synthStack({
    data: { reads: ['s3://acme-data/tickets/'], writes: ['s3://acme-results/'], kmsKeyArns: [key] },
  });
  const of = (name: string): string =>
    renderStatements(
      propertiesOf(resourcesOf(others, 'AWS::IAM::Policy'), `Functions${name}RoleDefaultPolicy`)
        .PolicyDocument,
    ).join('\n');
  const bucket = (name: string): string => `arn:<AWS::Partition>:s3:::${name}`;

  it.each(['Split', 'Map', 'MapLarge', 'Modules', 'ModulesLarge'])('lets %s read inputs there', (name) => {
    expect(of(name)).toContain(`${bucket('acme-data')}/tickets/*`);
    expect(of(name)).toContain(listing(bucket('acme-data'), 'tickets/*'));
    expect(of(name)).toContain(key);
  });

  it.each(['Split', 'Publish'])('lets %s write outputs there', (name) => {
    const puts = of(name)
      .split('\n')
      .filter((statement) => statement.includes('s3:PutObject'));
    expect(puts.join()).toContain(`${bucket('acme-results')}/*`);
    expect(of(name)).toContain(`kms:GenerateDataKey`);
  });

  it.each(['End', 'Api'])('lets %s give a claim back there, and write nothing', (name) => {
    const there = of(name)
      .split('\n')
      .filter((statement) => statement.includes('acme-results'));
    expect(there.join()).toContain('s3:DeleteObject');
    expect(there.join()).not.toContain('s3:PutObject');
  });

  it.each(['Reduce', 'Seal', 'Start', 'Monitor'])('gives %s nothing there', (name) => {
    expect(of(name)).not.toContain('acme-');
    expect(of(name)).not.toContain(key);
  });
});

describe('the setting kmsKeyArn', () => {
  const kmsKeyArn = `arn:aws:kms:us-east-1:111122223333:key/mrk-${'0'.repeat(32)}`;
  const encrypted = resourcesOf(synthStack({ kmsKeyArn }), 'AWS::IAM::Policy');

  it('lets each role that uses a bucket use its key, for the CDK grants none', () => {
    for (const [id, { Properties }] of Object.entries(encrypted)) {
      const statements = renderStatements(Properties.PolicyDocument);
      const uses = (action: string) => statements.some((statement) => statement.includes(action));
      const mayUse = (action: string) =>
        statements.some((statement) => statement.includes(action) && statement.endsWith(` on ${kmsKeyArn}`));
      expect([id, mayUse('kms:Decrypt')]).toEqual([id, uses('s3:GetObject')]);
      expect([id, mayUse('kms:GenerateDataKey')]).toEqual([id, uses('s3:PutObject')]);
    }
  });
});
