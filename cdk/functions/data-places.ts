import { Aws } from 'aws-cdk-lib';
import { ENVIRONMENT } from '../../functions/contract/environment.ts';
import { OUTPUT_KEYS } from '../../functions/contract/keys.ts';
import type { Buckets } from '../buckets.ts';
import { keyPattern } from '../key-pattern.ts';
import type { Settings } from '../settings.ts';
import type { HouseFunction } from './house-function.ts';
import { grantDelete, grantRead, grantWrite, type Place } from './place.ts';

type Share = { readonly place: Place; readonly pattern: string };

/** Where inputs may lie and outputs may go: the stack's own data bucket, and what the setting `data` names. */
export class DataPlaces {
  readonly own: Place;
  readonly #inputs: readonly Share[];
  readonly #outputs: readonly Share[];

  constructor(buckets: Buckets, settings: Settings) {
    const { reads, writes, kmsKeyArns } = settings.data;
    this.own = {
      bucketArn: buckets.data.bucketArn,
      told: { variable: ENVIRONMENT.dataBucket, name: buckets.data.bucketName },
      kmsKeyArns: settings.kmsKeyArn === undefined ? [] : [settings.kmsKeyArn],
    };
    const others = (uris: readonly string[]): readonly Share[] =>
      uris.map((uri) => {
        const [, bucket, prefix] = /^s3:\/\/([^/]+)\/(.*)$/u.exec(uri) ?? [];
        return {
          place: { bucketArn: `arn:${Aws.PARTITION}:s3:::${bucket}`, kmsKeyArns },
          pattern: `${prefix}*`,
        };
      });
    this.#inputs = [{ place: this.own, pattern: '*' }, ...others(reads)];
    this.#outputs = [{ place: this.own, pattern: 'results/*' }, ...others(writes)];
  }

  grantInputs(fn: HouseFunction): void {
    for (const { place, pattern } of this.#inputs) grantRead(fn, place, pattern);
  }

  /** To claim an output, write it and take back what does not count. */
  grantOutputs(fn: HouseFunction): void {
    for (const { place, pattern } of this.#outputs) {
      grantRead(fn, place, pattern);
      grantWrite(fn, place, pattern);
      grantDelete(fn, place, pattern);
    }
  }

  /** To give a claim back, with the parts that no manifest names. */
  grantRelease(fn: HouseFunction): void {
    for (const { place, pattern } of this.#outputs) {
      grantRead(fn, place, `${pattern}${OUTPUT_KEYS.manifest.template}`, ...releasedKeys(pattern));
      grantDelete(fn, place, ...releasedKeys(pattern));
    }
  }
}

const releasedKeys = (pattern: string): readonly string[] =>
  [OUTPUT_KEYS.claim, OUTPUT_KEYS.part, OUTPUT_KEYS.rejects].map((key) => `${pattern}${keyPattern(key)}`);
