import type { JobSpec } from '../contract/spec.ts';

/** An address in a spec, and where it stands. */
export type SpecUri = { readonly path: string; readonly uri: string };

/** The addresses that a spec reads, in order. */
export const inputUrisOf = ({ input: { uri } }: JobSpec): readonly SpecUri[] =>
  typeof uri === 'string'
    ? [{ path: 'input.uri', uri }]
    : uri.map((each, index) => ({ path: `input.uri[${index}]`, uri: each }));

/** The address that a spec writes to. */
export const outputUriOf = ({ output: { uri } }: JobSpec): SpecUri => ({ path: 'output.uri', uri });
