import type { InferStep } from '../contract/infer-step.ts';

/** A name in the braces of Python or LangChain, which are text here. */
const SINGLE_BRACES = /(?<![{$])\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*\}(?!\})/u;

/** What a user is told of a step whose templates name no column: it may be meant, and mostly is a mistake. */
export const describeConstantPrompt = ({
  prompt = '',
  query = '',
  document = '',
}: Pick<InferStep, 'prompt' | 'query' | 'document'>): string => {
  const name = SINGLE_BRACES.exec(`${prompt}\n${query}\n${document}`)?.[1];
  const hint =
    name === undefined
      ? 'a column is written {{ name }}'
      : `a column is written {{ ${name} }}, and {${name}} is text`;
  return `no template of the step names a column, so that every row asks the same: ${hint}`;
};
