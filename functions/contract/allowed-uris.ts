import * as z from 'zod';

/** Each prefix ends in `/`: a URI is allowed that begins with one. */
const UriPrefixes = z.array(z.string().regex(/^s3:\/\/.+\/$/u));
const UriRule = z.strictObject({ inputs: UriPrefixes, outputs: UriPrefixes });

/**
 * The inputs and outputs that a job may name, by the way it came in; ENVIRONMENT.allowedUris holds it. Where several
 * inboxes have a prefix of the upload's key, the longest counts; a key under none of them is refused.
 */
export const AllowedUris = z
  .strictObject({
    api: UriRule,
    inboxes: z.array(z.strictObject({ prefix: z.string(), ...UriRule.shape })),
  })
  .meta({ id: 'AllowedUris' });
export type AllowedUris = z.infer<typeof AllowedUris>;
