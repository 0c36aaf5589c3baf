import type { KEYS, OUTPUT_KEYS } from '../functions/contract/keys.ts';

/** The pattern, as IAM and bucket policies take it, that covers every key of a template. */
export const keyPattern = ({
  template,
}: (typeof KEYS)[keyof typeof KEYS] | (typeof OUTPUT_KEYS)[keyof typeof OUTPUT_KEYS]): string =>
  template.replaceAll(/\{\w+\}/g, '*');
