import type { Plan } from '../../functions/contract/plan.ts';
import type { RejectLimit } from '../../functions/contract/plan-header.ts';
import { costOfModel, tokensOfModel } from '../../functions/core/expect-model.ts';
import { isWithinLimit, renderRejectLimit } from '../../functions/core/judge-rejects.ts';
import { renderCount, renderRows, renderUsd } from '../../functions/core/render-units.ts';
import { inferStepOf } from '../../functions/stages/infer/infer-step-of.ts';
import type { ModelOutlook } from '../../functions/stages/infer/plan-models.ts';

/** What `daybreak plan` says of each step with a model: who runs it, how much it is, and which rows are bad already. */
export const renderModels = (
  { stages, stageIds, rejectLimit }: Pick<Plan, 'stages' | 'stageIds' | 'rejectLimit'>,
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
      ...renderCost(model),
      `speed   ${model.estimate.because}`,
      ...model.notes.map((note) => `note    ${note}`),
      ...renderBad(model, rejectLimit),
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
  // Digits that count: a tokenizer of words makes a token of many characters.
  const rate = `${Number(estimate.promptTokensPerCharacter.toPrecision(2))} a character`;
  const from = estimate.promptBasis === 'history' ? 'as before with this model' : 'assumed';
  if (tokens === undefined) return `${rate} of a prompt, ${from}; ${answer}`;
  const counted = tokens.isExact ? "counted by the model's tokenizer" : 'about, by its tokenizer';
  const how = estimate.promptBasis === 'counted' ? counted : `about, with ${rate}, ${from}`;
  const all = tokensOfModel(model);
  const sum = all === undefined ? '' : `; ${renderCount(all.promptTokens + all.outputTokens)} in all`;
  return `${tokens.each.toFixed(1)} a prompt, ${how}; ${answer}${sum}`;
};

/** Before anything is paid; of an endpoint whose prices are configured. */
const renderCost = (model: ModelOutlook): readonly string[] => {
  const { price } = model;
  if (price === undefined) return [];
  const usd = costOfModel(model, price);
  return [
    usd === undefined
      ? 'cost    not known: the tokens of all rows are not'
      : `cost    about ${renderUsd(usd)} at the prices of the endpoint`,
  ];
};

/** All causes at once: whoever corrects the input does it once. */
const renderBad = ({ sample }: ModelOutlook, limit: RejectLimit): readonly string[] => {
  if (sample === undefined || sample.bad.length === 0) return [];
  const causes = sample.bad.map(
    ({ cause, rows, first }) =>
      `${cause} ${renderCount(rows)} (the first: row ${renderCount(first)} of the step, from 0)`,
  );
  const rejected = sample.bad.reduce((sum, { rows }) => sum + rows, 0);
  // A rate is of all rows that are read, and of them these may be a part.
  const read = limit.unit === 'rows' || sample.isAll ? sample.read : Number.MAX_SAFE_INTEGER;
  const isTooMany = !isWithinLimit(limit, { read, rejected });
  const end = `more than errors.max_rejects ${renderRejectLimit(limit)}, so that the job will end with TooManyRejectsError`;
  return [`bad     ${causes.join(', ')}`, ...(isTooMany ? [`        ${end}`] : [])];
};
