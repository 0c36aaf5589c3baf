/**
 * The law of the inbox and of API keys: whoever may bring a spec may name only what the deployment lets that way in
 * name. An address is within a prefix when its text begins with it, byte by byte, and nothing in the address can lead
 * out again. The prefixes end in `/`, so that `s3://bucket/` is no beginning of `s3://bucket-evil/`.
 */
import type { AllowedUris } from '../contract/allowed-uris.ts';
import type { Problem } from '../contract/errors.ts';
import type { JobSpec } from '../contract/spec.ts';
import { hasGlob, unfoldBraces } from './match-glob.ts';
import { inputUrisOf, outputUriOf, type SpecUri } from './uris-of.ts';

export type UriRule = AllowedUris['api'];

/** A message names no more prefixes than somebody reads. */
const PREFIXES_SHOWN = 5;

/** What is wrong with the addresses of a spec under a rule; empty where all are within it. */
export const judgeAllowedUris = (spec: JobSpec, { inputs, outputs }: UriRule): readonly Problem[] => [
  ...inputUrisOf(spec).flatMap((uri) => judgeUri({ ...uri, isPattern: true }, 'read', inputs)),
  // A folder, whether its last slash is written or not.
  ...judgeUri({ ...withSlash(outputUriOf(spec)), isPattern: false }, 'write to', outputs),
];

/** The rule of an inbox: of those whose prefix the key of an upload begins with, the longest prefix counts. */
export const ruleOfInbox = ({ inboxes }: AllowedUris, key: string): UriRule | undefined =>
  inboxes
    .filter(({ prefix }) => key.startsWith(prefix))
    .reduce<AllowedUris['inboxes'][number] | undefined>(
      (longest, inbox) =>
        longest !== undefined && longest.prefix.length >= inbox.prefix.length ? longest : inbox,
      undefined,
    );

type Judged = SpecUri & { readonly isPattern: boolean };

const judgeUri = (
  { path, uri, isPattern }: Judged,
  verb: string,
  prefixes: readonly string[],
): readonly Problem[] => {
  const quoted = JSON.stringify(uri);
  // Alternatives may bring slashes and dots that the text has not.
  const meant = isPattern ? unfoldBraces(uri) : [uri];
  if (meant === undefined) return [{ path, message: `${quoted} has too many alternatives; name a folder` }];
  if (meant.some(hasOddPart)) {
    return [{ path, message: `${quoted} has an empty part, "." or ".."; write the address out without it` }];
  }
  const text = uri.replace(/^s3:/i, 's3:');
  const isWithin = prefixes.some((prefix) => text.startsWith(prefix) && !(isPattern && hasGlob(prefix)));
  if (isWithin) return [];
  const shown = prefixes.slice(0, PREFIXES_SHOWN).join(', ');
  const more = prefixes.length > PREFIXES_SHOWN ? ` and ${prefixes.length - PREFIXES_SHOWN} more` : '';
  const where = prefixes.length === 0 ? 'nothing' : `what is under ${shown}${more}`;
  return [{ path, message: `a job that comes this way may ${verb} ${where}, not ${quoted}` }];
};

const withSlash = ({ path, uri }: SpecUri): SpecUri => ({ path, uri: uri.endsWith('/') ? uri : `${uri}/` });

/** Of S3 such parts are literal, and of much that handles its addresses they are not. The last part may be empty. */
const hasOddPart = (uri: string): boolean => {
  const parts = uri.replace(/^s3:\/\//i, '').split('/');
  return parts.some(
    (part, index) => part === '.' || part === '..' || (part === '' && index < parts.length - 1),
  );
};
