import { createHash } from 'node:crypto';
import type { ModelFiles } from './model-files.ts';

/** Of a larger file as much is read at its beginning, where safetensors have their index, and at its end. */
const END_BYTES = 65_536;

/** Files that decide what a model answers; a README does not. */
const DECISIVE = /\.(safetensors|json|jinja|txt|model|tiktoken)$/;

/**
 * A hash of what decides a model's answers: whole files up to 128 kB, of larger ones the size and both ends. Weights
 * that were trained on differ in their ends, so that gigabytes need not be read.
 */
export const fingerprintModel = async ({ files, read }: ModelFiles): Promise<string> => {
  const hash = createHash('sha256');
  for (const { name, sizeBytes } of files) {
    if (!DECISIVE.test(name)) continue;
    hash.update(`${name}\0${sizeBytes}\0`);
    const ranges =
      sizeBytes <= 2 * END_BYTES
        ? [{ offset: 0, length: sizeBytes }]
        : [
            { offset: 0, length: END_BYTES },
            { offset: sizeBytes - END_BYTES, length: END_BYTES },
          ];
    for (const range of ranges) if (range.length > 0) hash.update(await read(name, range));
  }
  return hash.digest('hex').slice(0, 16);
};
