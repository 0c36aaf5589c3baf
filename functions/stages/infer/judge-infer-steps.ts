import type { Problem } from '../../contract/errors.ts';
import type { Step } from '../../contract/steps.ts';
import { describeConstantPrompt } from '../../core/describe-constant-prompt.ts';
import { renderSpecPath, type SpecPath } from '../../core/spec-path.ts';
import { typeAnswer } from '../../core/type-answer.ts';
import { compileSchema, type SchemaIssue } from '../../io/json-schema.ts';
import { checkPrompts } from '../../io/templates/check-prompts.ts';

/** All that can be told of the steps `infer` without the columns before them: templates and schemas. */
export const judgeInferSteps = (steps: readonly Step[]): readonly Problem[] =>
  steps.flatMap((step, index) => {
    if (!('infer' in step)) return [];
    const path = ['steps', index, 'infer'];
    const { schema } = step.infer;
    return [
      ...checkPrompts(step.infer, path).problems,
      ...(schema === undefined ? [] : findSchemaProblems(schema, [...path, 'schema'])),
    ];
  });

/** What is allowed in steps `infer` and mostly a mistake. */
export const noteInferSteps = (steps: readonly Step[]): readonly Problem[] =>
  steps.flatMap((step, index) => {
    if (!('infer' in step)) return [];
    const path = ['steps', index, 'infer'];
    return checkPrompts(step.infer, path).isConstant
      ? [{ path: renderSpecPath(path), message: describeConstantPrompt(step.infer) }]
      : [];
  });

/** What keeps a JSON Schema from being compiled, or its answers from having a type. */
export const findSchemaProblems = (
  schema: Readonly<Record<string, unknown>>,
  at: SpecPath,
): readonly Problem[] => {
  const typed = typeAnswer(schema);
  const compiled = compileSchema(schema);
  // A reference that leads nowhere keeps a schema from compiling too: its place is the better word.
  const issues: readonly SchemaIssue[] =
    typed.problems.length > 0 || compiled.isValid ? typed.problems : compiled.issues;
  return issues.map(({ path, message, ...rest }) => ({
    ...rest,
    path: renderSpecPath([...at, ...path]),
    message: `the schema ${message}`,
  }));
};
