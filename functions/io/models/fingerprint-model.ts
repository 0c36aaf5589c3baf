import { createHash } from 'node:crypto';
import type { ModelFiles } from './model-files.ts';

/** Of a larger file so many places are read, from its first byte to its last: a millisecond each, on a disk. */
const PLACES = 32;
const PLACE_BYTES = 4_096;

/** Files that decide what a model answers; a README does not. */
const DECISIVE = /\.(safetensors|json|jinja|txt|model|tiktoken)$/;

/**
 * A hash of what decides a model's answers: of objects in S3 their ETags, here whole files up to 128 kB, and of larger
 * ones the size and places all over them. Training changes whole tensors, so that gigabytes need not be read.
 */
export const fingerprintModel = async ({ files, read }: ModelFiles): Promise<string> => {
  const hash = createHash('sha256');
  for (const { name, sizeBytes, etag } of files) {
    if (!DECISIVE.test(name)) continue;
    hash.update(`${name}\0${sizeBytes}\0${etag ?? ''}\0`);
    if (etag !== undefined) continue;
    for (const range of placesOf(sizeBytes)) hash.update(await read(name, range));
  }
  return hash.digest('hex').slice(0, 16);
};

const placesOf = (sizeBytes: number): readonly { readonly offset: number; readonly length: number }[] => {
  if (sizeBytes === 0) return [];
  if (sizeBytes <= PLACES * PLACE_BYTES) return [{ offset: 0, length: sizeBytes }];
  const stride = (sizeBytes - PLACE_BYTES) / (PLACES - 1);
  return Array.from({ length: PLACES }, (_, place) => ({
    offset: Math.floor(place * stride),
    length: PLACE_BYTES,
  }));
};
