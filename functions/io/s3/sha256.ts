import { createHash } from 'node:crypto';

/** S3 writes checksums in base64, Daybreak in hex. */
export const toBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

export const sha256Base64 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('base64');

/** Hex; undefined for the checksum of an object that came in parts, which is one of their checksums. */
export const wholeSha256 = (base64: string | undefined): string | undefined =>
  base64 === undefined || base64.includes('-') ? undefined : Buffer.from(base64, 'base64').toString('hex');

/** What S3 makes of the checksums of parts: the checksum of their bytes one after another, and how many they are. */
export const compositeSha256 = (parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(Buffer.from(part, 'base64'));
  return `${hash.digest('base64')}-${parts.length}`;
};
