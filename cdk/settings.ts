/** What a deployment can choose: one schema, under one key of cdk.json (or of `--context`). */
import * as z from 'zod';

export const SETTINGS_KEY = 'daybreak';

/**
 * The second of the two keys that delete data: `--context daybreak-delete-data=<name of the stack>` at the last deploy
 * before the stack is removed. A setting that was committed once must not delete anything by itself.
 */
export const DELETE_DATA_FLAG = 'daybreak-delete-data';

/** Stands in a URI for the stack's own data bucket, whose name exists only after the deploy. */
export const DATA_BUCKET = '{data}';

/** The least memory with a whole vCPU. @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const ONE_VCPU_MEGABYTES = 1769;
const MOST_MEGABYTES = 10_240;
/** What a new account allows; the seal of the widest plan needs half of it (bench/seal.ts). */
const NEW_ACCOUNT_MEGABYTES = 3008;
const MEBIBYTE = 1024 * 1024;

/** What CloudWatch Logs takes. */
const LOG_RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

const whole = (least: number, most: number, unit: string) => {
  const error = `expected a whole number of ${unit} from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
const flag = () => z.boolean({ error: 'expected true or false' });
const matching = (pattern: RegExp, what: string) =>
  z.string({ error: `expected ${what}` }).regex(pattern, { error: `expected ${what}` });
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);

/** No `*`, `?` or `$`: IAM would read them as patterns and variables. */
const UriPrefix = matching(
  /^s3:\/\/(?:\{data\}|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(?:[^\p{C}/*?$]+\/)*$/u,
  'an S3 prefix that ends in "/", without "*", "?" and "$", such as s3://my-bucket/tickets/ or s3://{data}/results/',
);
const UriPrefixes = z.array(UriPrefix, { error: 'expected a list of S3 prefixes' }).max(20);
const OtherUriPrefixes = z
  .array(
    UriPrefix.refine((uri) => !uri.startsWith(`s3://${DATA_BUCKET}/`), {
      error: 'expected a bucket other than {data}, which jobs may use without this',
    }),
  )
  .max(20);

const KeyArn = matching(
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/,
  'the ARN of a KMS key, such as arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
);

export const Inbox = section({
  prefix: matching(/^inbox\/(?:[A-Za-z0-9._=-]+\/)*$/, 'a prefix such as inbox/ or inbox/sales/').describe(
    'Specs uploaded under this prefix of the data bucket are jobs.',
  ),
  inputs: UriPrefixes.describe('Where their inputs may lie.'),
  outputs: UriPrefixes.describe('Where their outputs may lie.'),
});
export type Inbox = z.infer<typeof Inbox>;

export const Settings = section({
  stackName: matching(/^[A-Za-z][A-Za-z0-9-]{0,59}$/, 'a name of letters, digits and "-", at most 60 long')
    .default('Daybreak')
    .describe('Name of the stack and of its state machine.'),
  architecture: z
    .enum(['arm64', 'x86_64'], { error: 'expected arm64 or x86_64' })
    .default('arm64')
    .describe('Processor of the functions; arm64 costs a fifth less.'),
  functions: section({
    taskMegabytes: whole(ONE_VCPU_MEGABYTES, MOST_MEGABYTES, 'megabytes')
      .default(3538)
      .describe('Memory of a task, in MB; 1,769 MB bring one vCPU.'),
    largeTaskMegabytes: whole(ONE_VCPU_MEGABYTES, MOST_MEGABYTES, 'megabytes')
      .default(MOST_MEGABYTES)
      .describe('Memory of a task that outgrew the first, in MB.'),
    stageMegabytes: whole(ONE_VCPU_MEGABYTES, MOST_MEGABYTES, 'megabytes')
      .default(NEW_ACCOUNT_MEGABYTES)
      .describe('Memory of split, seal, publish and end, in MB.'),
    timeoutSeconds: whole(60, 900, 'seconds')
      .default(900)
      .describe('The longest that a task, or a call of split, seal, publish or end, may take.'),
    reservesConcurrency: flag()
      .default(true)
      .describe(
        'Keeps concurrency for start, dispatch, api, authorizer and monitor, so that no wide job starves them. A new account whose limit is 10 must say false until the limit is raised.',
      ),
  }).prefault({}),
  concurrency: section({
    mostTasks: whole(1, 10_000, 'tasks').default(500).describe('Tasks of one job that run at once.'),
    mostJobs: whole(1, 100, 'jobs').default(4).describe('Jobs that run at once; others wait.'),
  }).prefault({}),
  sliceBytes: whole(MEBIBYTE, 4096 * MEBIBYTE, 'bytes')
    .default(512 * MEBIBYTE)
    .describe('Bytes of input that the plan aims at for a map task.'),
  longestJobHours: whole(1, 8760, 'hours')
    .default(72)
    .describe('The longest that one execution of a job may take; then it ends, to be resumed.'),
  blockDays: whole(1, 365, 'days').default(14).describe('Blocks that no job deleted are deleted after this.'),
  keepsBlocks: flag().default(false).describe('Keeps the blocks of jobs that are done, to look into them.'),
  logDays: z
    .union(
      LOG_RETENTION_DAYS.map((days) => z.literal(days)),
      { error: `expected one of ${LOG_RETENTION_DAYS.join(', ')} days` },
    )
    .default(30)
    .describe('How long logs are kept.'),
  tracing: flag().default(false).describe('AWS X-Ray, for the functions and the state machine.'),
  kmsKeyArn: KeyArn.optional().describe('The key that encrypts both buckets; S3-managed keys without it.'),
  data: section({
    reads: OtherUriPrefixes.default([]).describe('Prefixes of other buckets that jobs may read.'),
    writes: OtherUriPrefixes.default([]).describe('Prefixes of other buckets that jobs may write to.'),
    kmsKeyArns: z.array(KeyArn).max(10).default([]).describe('Keys with which those buckets are encrypted.'),
  }).prefault({}),
  inboxes: z
    .array(Inbox, { error: 'expected a list of { prefix, inputs, outputs }' })
    .max(20)
    .default([
      { prefix: 'inbox/', inputs: [`s3://${DATA_BUCKET}/`], outputs: [`s3://${DATA_BUCKET}/results/`] },
    ])
    .describe('What the specs of each inbox may name.'),
  alarmEmail: matching(/^[^\s@]+@[^\s@]+$/, 'an e-mail address')
    .optional()
    .describe('Who hears of alarms.'),
  tags: z
    .record(
      matching(
        /^(?!aws:|daybreak:)[\p{L}\p{N} _.:/=+@-]{1,128}$/u,
        'a tag that AWS takes, not of aws: or daybreak:',
      ),
      matching(/^[\p{L}\p{N} _.:/=+@-]{0,256}$/u, 'a value that AWS takes for a tag'),
      { error: 'expected a mapping of tag to value' },
    )
    .default({})
    .describe('Tags of everything in the stack, beside app and daybreak:stack.'),
  deletesData: flag()
    .default(false)
    .describe('The first of two keys: removing the stack removes both buckets, with all that is in them.'),
  synthesizer: z
    .enum(['default', 'cli-credentials'], { error: 'expected default or cli-credentials' })
    .default('default')
    .describe(
      'Whose credentials deploy: the roles of `cdk bootstrap`, or those of the command line, as emulators need it.',
    ),
});
export type Settings = z.infer<typeof Settings>;
