import type { Plan } from '../../functions/contract/plan.ts';
import { tokensOfModel } from '../../functions/core/expect-model.ts';
import { renderCount, renderRows } from '../../functions/core/render-units.ts';
import { inferStepOf } from '../../functions/stages/infer/infer-step-of.ts';
import type { ModelOutlook } from '../../functions/stages/infer/plan-models.ts';

/** What `daybreak plan` says of each step with a model: who runs it, how much it is, and which rows are bad already. */
export const renderModels = (
  { stages, stageIds }: Pick<Plan, 'stages' | 'stageIds'>,
  models: readonly ModelOutlook[],
): readonly string[] =>
  models.flatMap((model) => {
    const stage = stages[model.stage];
    if (stage === undefined) return [];
    const { step, task, engine, model: planned, output } = inferStepOf(stage);
    return [
      '',
      `model   steps[${step}], ${stageIds[model.stage]}: ${task} with ${planned.name} to ${output.name} ${output.type}`,
      `engine  ${engine.kind === 'endpoint' ? engine.name : engine.kind}: ${model.because}`,
      `rows    ${renderSeen(model)}`,
      `tokens  ${renderTokens(model)}`,
      `speed   ${model.estimate.because}`,
      ...model.notes.map((note) => `note    ${note}`),
      ...renderBad(model),
    ];
  });

const renderSeen = ({ sample, rows }: ModelOutlook): string => {
  if (sample === undefined) return 'not known before the steps before it have run';
  if (sample.isAll) return `${renderRows(sample.rows)}, all of them looked at`;
  const seen = `the first ${renderRows(sample.rows)} looked at`;
  return rows === undefined
    ? `${seen}; how many there are the job counts`
    : `about ${renderRows(rows)}; ${seen}`;
};

const renderTokens = (model: ModelOutlook): string => {
  const { tokens, estimate } = model;
  const answer = `${estimate.outputTokensPerRow.toFixed(1)} an answer`;
  if (tokens === undefined)
    return `${estimate.promptTokensPerCharacter.toFixed(2)} a character of a prompt, assumed; ${answer}`;
  const how = tokens.isExact ? "counted by the model's tokenizer" : 'about, by its tokenizer';
  const all = tokensOfModel(model);
  const sum = all === undefined ? '' : `; ${renderCount(all)} in all`;
  return `${tokens.each.toFixed(1)} a prompt, ${how}; ${answer}${sum}`;
};

/** All causes at once: whoever corrects the input does it once. */
const renderBad = ({ sample }: ModelOutlook): readonly string[] => {
  if (sample === undefined || sample.bad.length === 0) return [];
  const causes = sample.bad.map(
    ({ cause, rows, first }) =>
      `${cause} ${renderCount(rows)} (the first: row ${renderCount(first)} of the step, from 0)`,
  );
  return [`bad     ${causes.join(', ')}`];
};
