import type { Step } from '../contract/steps.ts';

/** A step by its place in the spec, as messages about the spec name it: `steps[0] extend`. */
export const nameStep = ({ step, kind }: { readonly step: number; readonly kind: string }): string =>
  `steps[${step}] ${kind}`;

/** The word of the spec for what the plan calls `kind`: both `select` and `extend` are a `project` there. */
export const wordOfStep = (written: Step | undefined, kind: string): string =>
  kind === 'project' && written !== undefined ? (Object.keys(written)[0] ?? kind) : kind;
