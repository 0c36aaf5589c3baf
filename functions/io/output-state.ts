import { Claim } from '../contract/claim.ts';
import { StateError } from '../contract/errors-store.ts';
import { Manifest } from '../contract/manifest.ts';

/** The bytes of the two objects that say whose an output is: `_daybreak.json` and `_manifest.json`. */

const encode = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`);

export const renderClaim = (claim: Claim): Uint8Array => encode(JSON.stringify(Claim.parse(claim)));

/** Fails with StateError, which names the place, where the bytes are no claim. */
export const parseClaim = (bytes: Uint8Array, place: string): Claim => {
  try {
    return Claim.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new StateError({ key: place, problem: 'it is not the claim of a job' }, { cause: error });
  }
};

export const renderManifest = (manifest: Manifest): Uint8Array =>
  encode(JSON.stringify(Manifest.parse(manifest), null, 2));

/** Undefined where the bytes are no manifest that Daybreak writes. */
export const parseManifest = (bytes: Uint8Array): Manifest | undefined => {
  try {
    return Manifest.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
