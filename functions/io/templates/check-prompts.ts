import type { Column } from '../../contract/columns.ts';
import type { Problem } from '../../contract/errors.ts';
import type { InferStep } from '../../contract/infer-step.ts';
import { checkTemplateVariable } from '../../core/check-template-variable.ts';
import { renderSpecPath, type SpecPath } from '../../core/spec-path.ts';
import { createLiquid } from './liquid.ts';
import { parseTemplate, type TemplateVariable } from './parse-template.ts';

/** The fields of a step that are templates. */
export const TEMPLATE_FIELDS = ['prompt', 'query', 'document'] as const;

/** The fields that are text, where a template stands only by mistake. */
const textsOf = ({ system, examples = [] }: InferStep): readonly (readonly [SpecPath, string])[] => [
  ...(system === undefined ? [] : [[['system'], system] as const]),
  ...examples.flatMap(({ user, assistant }, index) => [
    [['examples', index, 'user'], user] as const,
    [['examples', index, 'assistant'], assistant] as const,
  ]),
];

export type CheckedPrompts = {
  /** The columns that the templates read, in their order. */
  readonly uses: readonly string[];
  /** Whether there are templates, and none names anything of a row. */
  readonly isConstant: boolean;
  readonly problems: readonly Problem[];
};

/**
 * Checks the templates of a step. Without `columns` only what needs none: that they are templates, and that their tags
 * and filters are there. All problems are reported, each name once.
 */
export const checkPrompts = (
  step: InferStep,
  path: SpecPath,
  columns?: readonly Column[],
): CheckedPrompts => {
  const problems: Problem[] = [];
  const used = new Set<string>();
  const liquid = createLiquid();
  let templates = 0;
  let variables = 0;
  for (const field of TEMPLATE_FIELDS) {
    const text = step[field];
    if (text === undefined) continue;
    const at = renderSpecPath([...path, field]);
    const found = parseTemplate(liquid, text);
    templates += 1;
    variables += 'problem' in found ? 1 : found.parsed.variables.length;
    if ('problem' in found) problems.push({ path: at, ...found.problem });
    else if (columns !== undefined) {
      const judged = judgeVariables(found.parsed.variables, columns);
      for (const column of judged.columns) used.add(column);
      problems.push(...judged.problems.map((problem) => ({ path: at, ...problem })));
    }
  }
  if (columns !== undefined)
    for (const [place, text] of textsOf(step))
      problems.push(...findStrayColumns(text, columns, renderSpecPath([...path, ...place])));
  const uses = (columns ?? []).map(({ name }) => name).filter((name) => used.has(name));
  return { uses, isConstant: templates > 0 && variables === 0, problems };
};

const judgeVariables = (
  variables: readonly TemplateVariable[],
  columns: readonly Column[],
): { readonly columns: readonly string[]; readonly problems: readonly Omit<Problem, 'path'>[] } => {
  const found: string[] = [];
  const problems = new Map<string, Omit<Problem, 'path'>>();
  for (const variable of variables) {
    const verdict = checkTemplateVariable(variable, columns);
    if ('column' in verdict) found.push(verdict.column);
    else if (!problems.has(verdict.message)) {
      const { message, ...rest } = verdict;
      const place = `(line ${variable.row}, column ${variable.column} of the template)`;
      problems.set(verdict.message, { message: `${message} ${place}`, ...rest });
    }
  }
  return { columns: found, problems: [...problems.values()] };
};

/** `{{ team }}` in a text, where team is a column: the model would read the braces. */
const findStrayColumns = (text: string, columns: readonly Column[], path: string): readonly Problem[] => {
  const stray = [...text.matchAll(/\{\{-?\s*([A-Za-z_][\w-]*)/g)].find(([, name = '']) =>
    columns.some((column) => column.name === name),
  );
  if (stray === undefined) return [];
  return [
    {
      path,
      message: `this is text, not a template, and names the column ${stray[1]}: columns go into \`prompt\``,
    },
  ];
};
