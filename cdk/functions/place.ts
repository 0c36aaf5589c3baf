/** S3 prefixes that functions may use, and what they need to do so. */
import type { HouseFunction, Variable } from './house-function.ts';

/** A bucket, or what lies under a prefix of it. */
export type Place = {
  readonly bucketArn: string;
  /** The bucket's name, and the variable by which a function that may use the place learns it. */
  readonly told?: { readonly variable: Variable; readonly name: string };
  /** Keys with which its objects may be encrypted. */
  readonly kmsKeyArns: readonly string[];
};

const KEYS_OF_JOBS =
  'The key of an object is made of ids that exist only when a job runs; no narrower pattern covers them.';

const arnsOf = ({ bucketArn }: Place, patterns: readonly string[]): readonly string[] =>
  patterns.map((pattern) => `${bucketArn}/${pattern}`);

const tell = (fn: HouseFunction, { told }: Place): void => {
  if (told !== undefined) fn.set(told.variable, told.name);
};

/**
 * Reading, and listing up to the first `*`: without the right to list, S3 answers 403 for an object that is not there.
 * That question brings no prefix, hence IfExists.
 */
export const grantRead = (fn: HouseFunction, place: Place, ...patterns: readonly string[]): void => {
  tell(fn, place);
  fn.allow({
    actions: ['s3:GetObject'],
    resources: arnsOf(place, patterns),
    wildcardReason: KEYS_OF_JOBS,
  });
  fn.allow({
    actions: ['s3:ListBucket'],
    resources: [place.bucketArn],
    conditions: {
      StringLikeIfExists: {
        's3:prefix': [...new Set(patterns.map((pattern) => `${pattern.split('*')[0]}*`))],
      },
    },
  });
  if (place.kmsKeyArns.length > 0) fn.allow({ actions: ['kms:Decrypt'], resources: place.kmsKeyArns });
};

/** Writing, in parts too. A multipart upload under a KMS key reads what it wrote. */
export const grantWrite = (fn: HouseFunction, place: Place, ...patterns: readonly string[]): void => {
  tell(fn, place);
  fn.allow({
    actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
    resources: arnsOf(place, patterns),
    wildcardReason: KEYS_OF_JOBS,
  });
  if (place.kmsKeyArns.length > 0) {
    fn.allow({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: place.kmsKeyArns });
  }
};

export const grantDelete = (fn: HouseFunction, place: Place, ...patterns: readonly string[]): void => {
  tell(fn, place);
  fn.allow({
    actions: ['s3:DeleteObject'],
    resources: arnsOf(place, patterns),
    wildcardReason: KEYS_OF_JOBS,
  });
};
