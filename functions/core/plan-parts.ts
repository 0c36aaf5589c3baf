/** S3's limits on an upload in parts. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const PART_LIMITS = { parts: 10_000, leastBytes: 5 * 1024 ** 2, mostBytes: 5 * 1024 ** 3 } as const;

export type ByteRange = { readonly offset: number; readonly lengthBytes: number };

/** Cuts an object into ranges of `partBytes`, the last one smaller; of more where that would be more than 10,000. */
export const planParts = (sizeBytes: number, partBytes: number): readonly ByteRange[] => {
  const lengthBytes = Math.max(partBytes, Math.ceil(sizeBytes / PART_LIMITS.parts));
  return Array.from({ length: Math.ceil(sizeBytes / lengthBytes) }, (_, index) => {
    const offset = index * lengthBytes;
    return { offset, lengthBytes: Math.min(lengthBytes, sizeBytes - offset) };
  });
};
